"""How a run ended, for people."""

import io
import pathlib

import pytest
from rich.console import Console

from pipeline.failure import ExitCode
from pipeline.local.display.conclusion import conclude
from pipeline.local.following import Ended, Failure
from pipeline.local.result import Node, Request, Result

FOLDER = pathlib.Path("/runs/7")


def result(verdict, reason="", **more):
    return Result(
        run="7",
        pipeline="p",
        verdict=verdict,
        reason=reason,
        **{"seconds": 12, "nodes": [], **more},
    )


def failed(problem, code=ExitCode.CRASH, folder=FOLDER, nodes=()):
    failure = Failure("Trainer", code, [problem], "logs/Trainer.log")
    return Ended(result("failed", nodes=list(nodes)), code, [failure], folder)


def told(ended, briefly=False):
    text = io.StringIO()
    conclude(Console(file=text, width=40, highlight=False), ended, briefly)
    return text.getvalue().splitlines()


def test_a_pushed_model_is_told_with_where_it_is_and_how_to_query_it():
    nodes = [Node(name="Trainer", cached=True), Node(name="Pusher")]
    ended = result("blessed", "1 rule holds", pushed="/serving/7", nodes=nodes)

    lines = told(Ended(ended, ExitCode.BLESSED, [], FOLDER))

    assert lines[:3] == ["", "Blessed: 1 rule holds", "Pushed to /serving/7"]
    assert lines[3].startswith("Query it: ")
    assert lines[3].endswith("/runs/7/query.py")
    assert lines[4:] == ["12 s in all, 1 of 2 nodes from the cache. Log: /runs/7/log.txt"]


def test_a_pushed_model_with_a_format_that_is_not_as_good_is_told_as_such():
    ended = result("not_blessed", "litert-int8 differs", pushed="/serving/7")

    lines = told(Ended(ended, ExitCode.NOT_BLESSED, [], FOLDER))

    assert lines[1:3] == ["Blessed, except: litert-int8 differs", "Pushed to /serving/7"]


def test_a_report_is_told_of_where_there_is_one(tmp_path):
    ended = Ended(result("partial"), ExitCode.BLESSED, [], tmp_path)

    assert not any(line.startswith("Report: ") for line in told(ended))
    (tmp_path / "report.html").touch()
    assert f"Report: {tmp_path}/report.html" in told(ended)


@pytest.mark.parametrize(
    ("verdict", "lines"),
    [
        (
            "not_blessed",
            ["Not blessed: why", "Nothing was pushed; what was served before still is."],
        ),
        ("partial", ["In part: why"]),
    ],
)
def test_a_run_that_pushed_nothing_says_so_if_it_could_have(verdict, lines):
    ended = Ended(result(verdict, "why"), ExitCode.BLESSED, [], FOLDER)

    assert told(ended) == ["", *lines, "12 s in all. Log: /runs/7/log.txt"]


def test_a_crash_is_told_with_the_last_lines_of_its_log(tmp_path):
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs/Trainer.log"
    log.write_text("".join(f"line {number} \x1b[2J\n" for number in range(1, 31)))
    nodes = [Node(name="Trainer", state="failed"), Node(name="Pusher", state="skipped")]

    lines = told(failed("was ended by SIGKILL", folder=tmp_path, nodes=nodes))

    # the last 15 of 30
    assert lines == [
        "",
        "error: Trainer: was ended by SIGKILL",
        f"The last lines of {log}:",
        *(rf"  line {number} \x1b[2J" for number in range(16, 31)),
        "Did not run: Pusher",
        f"12 s in all. Log: {tmp_path}/log.txt",
    ]


@pytest.mark.parametrize(
    "code", [ExitCode.BAD_DATA, ExitCode.BAD_SPEC, ExitCode.GATE, ExitCode.INTERRUPTED]
)
def test_a_failure_that_its_sentence_explains_is_told_without_its_log(code, tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/Trainer.log").write_text("Traceback\n")

    assert "Traceback" not in "".join(told(failed("one class", code, tmp_path)))


@pytest.mark.parametrize(
    ("code", "can_go_on"),
    [
        (ExitCode.CRASH, True),
        (ExitCode.INTERRUPTED, True),
        (ExitCode.BAD_DATA, False),  # the same data would end the same way
    ],
)
def test_a_run_that_was_cut_short_tells_how_to_go_on_with_it(code, can_go_on, tmp_path):
    request = Request(spec="{}", spec_file="/flights/spec.toml", runs="", serving="", run_id="7")
    (tmp_path / "request.json").write_text(request.model_dump_json())

    lines = told(failed("killed", code, tmp_path))

    assert ("Go on with it: headrace run /flights/spec.toml --resume" in lines) == can_go_on


def test_a_problem_keeps_its_lines_and_cannot_steer_the_terminal():
    lines = told(failed("it said at last:\n  [red]\x1b[2J"))

    assert lines[1:3] == ["error: Trainer: it said at last:", r"  [red]\x1b[2J"]


def test_briefly_told_are_problems_the_verdict_and_what_was_pushed():
    blessed = result("blessed", "1 rule holds", pushed="/serving/7")

    lines = told(Ended(blessed, ExitCode.BLESSED, [], FOLDER), briefly=True)

    assert lines == ["Blessed: 1 rule holds", "Pushed to /serving/7"]
    assert told(failed("killed"), briefly=True) == ["error: Trainer: killed"]
