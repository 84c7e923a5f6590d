"""What nodes print, as they print it."""

import io

import pytest
from rich.console import Console

from pipeline.failure import ExitCode
from pipeline.local.display.lines import Lines
from pipeline.local.display.verbose import Verbose
from pipeline.local.result import Failed, Finished, Node, Planned, Started

PLANNED = Planned(nodes=["Trainer", "Evaluator"])
LOG = "logs/Trainer.log"


class Watched:
    """A run, with the logs of its nodes, as `--verbose` prints it."""

    def __init__(self, folder):
        self._text = io.StringIO()
        console = Console(file=self._text, width=60, highlight=False)
        self.display = Verbose(Lines(console), console)
        self._log = folder / LOG
        self._log.parent.mkdir()

    def log(self, text):
        with self._log.open("a") as file:
            file.write(text)

    @property
    def lines(self):
        return self._text.getvalue().splitlines()


@pytest.fixture
def watched(tmp_path):
    watched = Watched(tmp_path)
    watched.display.begin(tmp_path)
    return watched


def test_why_a_node_runs_and_what_it_prints_stand_before_how_it_ended(watched):
    with watched.display as display:
        display.hear(PLANNED)
        display.hear(Started(node="Trainer", why=["epochs was 10, is 20"], log=LOG))
        watched.log("epoch 1\nepoch 2")
        display.hear(Finished(node="Trainer", summary=""))
        display.show([Node(name="Trainer", state="done", summary="2 epochs")])

    # The second epoch's line has no end, and none will come.
    assert watched.lines == [
        "Trainer   | why: epochs was 10, is 20",
        "Trainer   | epoch 1",
        "Trainer   | epoch 2",
        "Trainer  done      0.0 s  2 epochs",
    ]


def test_why_a_node_did_not_have_to_run_is_told_too(watched):
    why = ["nothing it depends on has changed since run 7"]

    with watched.display as display:
        display.hear(Finished(node="Trainer", summary="", cached=True, why=why))

    assert watched.lines == [f"Trainer | why: {why[0]}"]


def test_of_a_node_that_starts_again_only_what_is_new_is_told(watched):
    with watched.display as display:
        for why in (["new"], ["new"], ["try 1 of 2: killed"]):
            display.hear(Started(node="Trainer", why=why, log=LOG))
            watched.log("importing\n")

    # Each try adds to the same log.
    told = [line.partition(" | ")[2] for line in watched.lines]
    assert [line for line in told if "importing" not in line] == [
        "why: new",
        "why: try 1 of 2: killed",
    ]
    assert told.count("importing") == 3


def test_a_log_is_printed_to_its_end_when_its_node_fails_and_when_the_run_does(watched):
    with watched.display as display:
        display.hear(Started(node="Trainer", log=LOG))
        watched.log("no memory")
        display.hear(Failed(node="Trainer", exit_code=ExitCode.CRASH, problems=["killed"]))
        assert watched.lines == ["Trainer | no memory"]

        watched.log(", and more")

    assert watched.lines == ["Trainer | no memory", "Trainer | , and more"]


def test_lines_can_neither_steer_the_terminal_nor_be_taken_for_markup(watched):
    with watched.display as display:
        display.hear(Started(node="Trainer", log=LOG))
        watched.log("[red]\x1b[2J" + "x" * 600 + "\n")

    (line,) = watched.lines
    assert line.startswith(r"Trainer | [red]\x1b[2Jxxx")
    assert line.endswith(" more characters)")


def test_a_log_outside_the_folder_of_the_run_is_not_printed(watched, tmp_path):
    (tmp_path.parent / "secret").write_text("secret\n")

    with watched.display as display:
        display.hear(Started(node="Trainer", log="../secret"))

    assert watched.lines == []
