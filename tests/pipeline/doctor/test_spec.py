"""The spec that is given, and whether what comes of its data has room."""

import pytest

from pipeline.doctor import spec

SPEC = """
name = "birds"
[data]
source = "birds.csv"
[label]
column = "species"
task = "binary"
[features]
mass = { kind = "numeric" }
[push]
to = "served"
"""


@pytest.fixture
def spec_file(tmp_path):
    (tmp_path / "spec.toml").write_text(SPEC)
    (tmp_path / "birds.csv").write_text("species,mass\n")
    return tmp_path / "spec.toml"


def test_a_spec_its_data_and_where_it_pushes_are_told_and_nothing_is_made(spec_file):
    found = {each.check: each for each in spec.usable(spec_file, spec_file.parent / "runs")}

    assert {name: each.state for name, each in found.items()} == dict.fromkeys(
        ("spec", "folders", "data"), "ok"
    )
    assert found["spec"].text == "birds: 1 feature, binary"
    # 13 bytes of CSV, and what a run takes of any data
    assert found["data"].text.startswith("1 file of 13 B; a run takes about 12.0 MB of the ")
    names = sorted(entry.name for entry in spec_file.parent.iterdir())
    assert names == ["birds.csv", "spec.toml"]


def test_every_problem_of_a_spec_is_a_finding(spec_file):
    text = SPEC.replace('kind = "numeric"', 'kind = "numerical"') + 'wings = "2"\n'
    spec_file.write_text(text)

    found = list(spec.usable(spec_file, spec_file.parent / "runs"))

    assert [(each.check, each.state) for each in found] == [("spec", "problem")] * 2
    assert "features.mass" in "".join(each.text for each in found)
    assert "push.wings" in "".join(each.text for each in found)


def test_a_column_that_the_data_has_not_is_a_problem_with_the_nearest_name(spec_file):
    spec_file.write_text(SPEC.replace("mass", "maas"))

    (finding,) = spec.usable(spec_file, spec_file.parent / "runs")

    assert finding.state == "problem"
    assert "did you mean 'mass'?" in finding.text


def test_a_folder_to_push_to_that_is_a_file_is_a_problem(spec_file):
    (spec_file.parent / "served").touch()

    found = {each.check: each for each in spec.usable(spec_file, spec_file.parent / "runs")}

    assert found["folders"].state == "problem"
    assert found["folders"].mend.endswith("name another with push.to")


def test_data_of_which_a_run_has_no_room_is_a_problem(mounted, tmp_path):
    text, packed = tmp_path / "birds.csv", tmp_path / "birds.csv.gz"
    for path in (text, packed):
        path.write_bytes(b"x" * 6_000_000)
    disk = mounted("size=32m")

    # 12 MB + 6 MB of text have room in 33.6 MB; 12 MB + 5 times 6 MB of compressed text have none
    (fits,) = spec.room_for_runs([text], disk / "runs")
    (too_much,) = spec.room_for_runs([packed], disk / "runs")

    assert (fits.state, too_much.state) == ("ok", "problem")
    assert "a run takes about 42.0 MB of the 33.6 MB free" in too_much.text
    assert "--runs" in too_much.mend


def test_a_reader_of_data_that_crashes_is_a_problem_of_the_spec(spec_file, monkeypatch, broken):
    crash = "import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n"
    monkeypatch.setenv("PYTHONPATH", broken(crash, "pyarrow"))

    (finding,) = spec.usable(spec_file, spec_file.parent / "runs")

    assert (finding.check, finding.text) == ("spec", "ended by SIGILL")
    assert "AVX" in finding.mend
