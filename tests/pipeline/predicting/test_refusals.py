"""What cannot be done is said before anything is written, and nothing is left half done."""

import errno
import json
import os

import pytest

from components.batch_inference import files

CSV = "id,x,carrier\n1,1.5,UA\n2,2.5,AA\n"


@pytest.fixture
def refused(here, predict):
    """The exit code and what is said of a call that must write nothing."""

    def refused(*arguments):
        before = {path: path.stat().st_mtime_ns for path in here.rglob("*")}
        result = predict(*arguments)
        assert {path: path.stat().st_mtime_ns for path in here.rglob("*")} == before
        return result.exit_code, result.output

    return refused


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["nowhere.csv"], 3, "no data file at"),
        (["no-column.csv"], 3, "no-column.csv: has none of the columns of the model: x, carrier, "),
        (["tabs.csv"], 3, "Is the delimiter another? --spec names the spec whose [data] says it"),
        (
            ["in.csv", "--keep", "ID"],
            2,
            "--keep: no column 'ID' in in.csv. Columns: id, x, ",
        ),
        (["in.csv", "--keep", "carier"], 2, "did you mean 'carrier'?"),
        (["in.csv", "--keep", "id", "-o", "scores.csv"], 2, "ends in .parquet or .jsonl"),
        (["in.csv", "-o", "nowhere/scores.jsonl"], 2, "--output: no folder nowhere. Make it, or"),
        (["in.csv", "-o", "folder.jsonl"], 2, "folder.jsonl is a folder. Give a file"),
        (["in.csv", "--model", "runs/sirving"], 2, "no folder runs/sirving; did you mean 'servin"),
        (["in.csv", "--model", "runs"], 2, "runs is no SavedModel and has no version of one"),
        (["in.csv", "--model", "other"], 2, "other has no assets.extra/interface.json, as models"),
        (["in.csv", "--model", "broken"], 2, "broken cannot be loaded"),
        (["in.csv", "--spec", "spec.toml"], 2, "spec.toml: does not exist"),
        (["probability.csv", "--keep", "probability"], 2, "'probability' is the name of a score"),
    ],
)
def test_what_cannot_be_scored_is_refused(here, refused, arguments, code, problem):
    (here / "in.csv").write_text(CSV)
    (here / "no-column.csv").write_text("a,b\n1,2\n")
    (here / "tabs.csv").write_text("x\tcarrier\n1\tUA\n")
    (here / "probability.csv").write_text("x,probability\n1,1\n")
    (here / "folder.jsonl").mkdir()
    for name in ("other", "broken"):
        (here / name).mkdir()
        (here / name / "saved_model.pb").write_bytes(b"no model")
    (here / "broken" / "assets.extra").mkdir()
    interface = here / "runs" / "serving" / "1700000000" / "assets.extra" / "interface.json"
    (here / "broken" / "assets.extra" / "interface.json").write_bytes(interface.read_bytes())
    if "-o" not in arguments:
        arguments = [*arguments, "-o", "scores.jsonl"]

    assert refused(*arguments)[0] == code
    assert problem in refused(*arguments)[1].replace("\n", "")


def test_an_output_that_is_there_is_overwritten_only_if_asked_for(here, predict, refused, scored):
    (here / "in.csv").write_text(CSV)
    (here / "scores.jsonl").write_text("mine")

    code, said = refused("in.csv", "-o", "scores.jsonl")
    forced = predict("in.csv", "-o", "scores.jsonl", "--force")

    assert (code, "scores.jsonl: exists. Overwrite it with --force" in said) == (2, True)
    assert forced.exit_code == 0
    assert len(scored("scores.jsonl")["probability"]) == 2


def test_the_input_is_never_written_over(here, refused):
    (here / "in.jsonl").write_text('{"x": 1}\n')
    (here / "link.jsonl").symlink_to(here / "in.jsonl")

    for output in ("in.jsonl", "./in.jsonl", "link.jsonl"):
        code, said = refused("in.jsonl", "-o", output, "--force")

        assert (code, "is one of the files to score. Name another" in said) == (2, True)


def test_a_column_of_the_model_that_no_file_has_is_told_and_missing(here, predict, scored, by_hand):
    (here / "in.csv").write_text("x,carier\n1.5,UA\n")

    result = predict("in.csv", "-o", "scores.jsonl")

    assert result.exit_code == 0
    assert (
        "no column 'carrier' in in.csv: it is missing in every row; did you mean 'carier'?"
    ) in result.output
    assert "no column 'sched dep' in in.csv: it is missing in every row\n" in result.output
    assert scored("scores.jsonl")["probability"] == by_hand([{"x": 1.5}])


@pytest.fixture
def failing(here, monkeypatch):
    """Makes the writing of the scored rows end with an error."""

    def failing(error):
        def fail(part, folder):
            raise error

        (here / "in.csv").write_text("x,carrier,sched dep\n1.5,UA,2013-01-01\n")
        monkeypatch.setattr(files, "_write", fail)

    return failing


def test_an_interrupt_leaves_nothing(failing, refused):
    failing(KeyboardInterrupt())

    assert refused("in.csv", "-o", "scores.jsonl") == (
        130, "error: interrupted; nothing was written\n"
    )  # fmt: skip


def test_a_full_disk_is_told_and_leaves_nothing(failing, refused):
    failing(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "scores.jsonl"))

    code, said = refused("in.csv", "-o", "scores.jsonl")

    assert code == 1
    assert said.startswith("error: the disk is full at scores.jsonl")


def test_a_refusal_is_an_object_too(refused):
    code, said = refused("nowhere.csv", "-o", "scores.jsonl", "--json")

    assert code == 3
    assert "no data file at" in json.loads(said)["error"]
