"""A run as programs watch it."""

import datetime
import json
import pathlib

from pipeline.failure import ExitCode
from pipeline.local.display.events import Events
from pipeline.local.result import Failed, Finished, Node, Progress, Result


def printed(capsys):
    """The objects, one a line; NaN, which Python alone reads, is refused."""

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    return [
        json.loads(line, parse_constant=refuse) for line in capsys.readouterr().out.splitlines()
    ]


def test_each_event_is_a_line_with_the_time_the_run_and_what_it_tells(capsys):
    events = Events()
    events.begin(pathlib.Path("/runs/7"))
    events.hear(Progress(node="Trainer", text="epoch 1 of 2\n[red] é", fraction=0.5))
    events.hear(Failed(node="Trainer", exit_code=ExitCode.CRASH, problems=["killed"]))

    first, second = printed(capsys)

    assert datetime.datetime.fromisoformat(first.pop("time")).tzinfo is not None
    assert first == {
        "run": "7",
        "event": "progress",
        "node": "Trainer",
        "text": "epoch 1 of 2\n[red] é",
        "fraction": 0.5,
    }
    assert (second["event"], second["exit_code"], second["problems"]) == ("failed", 1, ["killed"])


def test_the_last_line_is_the_result(capsys):
    nodes = [Node(name="Trainer", state="done", summary="for people")]
    result = Result(
        run="7", pipeline="flights", verdict="partial", reason="", seconds=2, nodes=nodes
    )

    Events().end(result)

    (line,) = printed(capsys)
    assert line.pop("event") == "ended"
    assert line.pop("time")
    assert line == json.loads(result.model_dump_json())


def test_a_number_that_json_does_not_know_is_null(capsys):
    Events().hear(Finished(node="Evaluator", summary="", metrics={"auc": float("nan")}))

    (line,) = printed(capsys)

    assert line["metrics"] == {"auc": None}
