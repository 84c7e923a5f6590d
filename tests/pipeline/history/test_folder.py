"""Which folder is asked about, and which run is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.errors import SpecError
from pipeline.history.folder import find, folder_of_runs, ids


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def runs_in(folder, *names):
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "request.json").write_text("{}")
    return folder


FIRST, SECOND = "20260101-000000-000001", "20260102-000000-000001"


def test_without_a_folder_it_is_the_runs_in_the_current_one(folder):
    runs_in(folder / "runs", FIRST)

    assert folder_of_runs(None) == folder / "runs"


def test_where_there_is_none_those_one_and_two_levels_below_are_named(folder):
    runs_in(folder / "flights" / "runs", FIRST)
    runs_in(folder / "data" / "penguins" / "runs", FIRST)
    (folder / "empty" / "runs").mkdir(parents=True)
    runs_in(folder / "a" / "b" / "too-deep" / "runs", FIRST)

    with pytest.raises(SpecError) as raised:
        folder_of_runs(None)

    expected = "Give one with --runs: flights/runs, data/penguins/runs"
    assert raised.value.problems == (f"runs: no such folder. {expected}",)


def test_beside_a_spec_its_runs_are_named(folder):
    runs_in(folder / "flights" / "runs", FIRST)

    with pytest.raises(SpecError, match=r"^flights: holds no runs\. .*--runs: flights/runs$"):
        folder_of_runs(folder / "flights")


def test_within_a_folder_of_runs_it_is_named_itself(folder, monkeypatch):
    monkeypatch.chdir(runs_in(folder / "runs", FIRST))

    with pytest.raises(SpecError, match=r"--runs: \.$"):
        folder_of_runs(None)


def test_where_there_is_none_at_all_a_run_makes_one(folder):
    with pytest.raises(SpecError, match=r"no such folder\. `headrace run SPEC` makes one"):
        folder_of_runs(None)


def test_runs_are_those_folders_that_a_run_has_made_the_newest_first(folder):
    runs = runs_in(
        folder, FIRST, SECOND, "artifacts", "20260101-000000-1", "20261301-000000-000001"
    )
    (folder / "20260103-000000-000001").mkdir()  # its files were removed
    (folder / "20260104-000000-000001").symlink_to(folder / FIRST)
    (folder / "20260105-000000-000001").write_text("a file")

    assert ids(runs) == [SECOND, FIRST]


@given(st.integers(0, len(FIRST)))
def test_a_run_is_found_by_any_beginning_that_is_its_alone(tmp_path_factory, length):
    folder = runs_in(tmp_path_factory.mktemp("runs"), FIRST, SECOND)
    beginning = FIRST[:length]

    # The two ids differ in their eighth character.
    if length >= 8:
        assert find(folder, beginning) == FIRST
    else:
        with pytest.raises(SpecError, match=f"begins 2 runs: {SECOND}, {FIRST}. Give more"):
            find(folder, beginning)


def test_last_is_the_newest_run(folder):
    assert find(runs_in(folder, FIRST, SECOND), "last") == SECOND


def test_an_id_that_is_no_runs_is_answered_with_the_nearest(folder):
    runs = runs_in(folder, FIRST, SECOND)

    with pytest.raises(SpecError) as raised:
        find(runs, "20260101-000000-000002")

    (problem,) = raised.value.problems
    assert problem.startswith("no run '20260101-000000-000002' in ")
    assert problem.endswith(f"`headrace runs` lists what is there; did you mean {FIRST!r}?")


def test_in_a_folder_without_runs_every_name_is_refused(folder):
    with pytest.raises(SpecError, match="there are no runs yet"):
        find(folder, "last")
