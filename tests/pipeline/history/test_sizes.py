"""Where outputs lie in a folder of runs, and how much room they take."""

import os
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from pipeline.history.sizes import artifact, changed, measured, place

NAMES = st.from_regex(r"[A-Za-z][A-Za-z_]{0,8}", fullmatch=True)


@given(
    st.lists(NAMES, max_size=3), NAMES, NAMES, st.integers(1, 999), st.sampled_from(["", "/value"])
)
def test_an_output_is_found_wherever_the_runs_have_been_moved_to(
    folders, node, output, number, end
):
    uri = f"/{'/'.join([*folders, 'artifacts', node, output, str(number)])}{end}"

    assert place(uri) == (node, output, str(number))


@given(st.text(max_size=40))
def test_a_uri_that_is_anything_leads_nowhere_outside(tmp_path_factory, uri):
    runs = tmp_path_factory.mktemp("runs")

    found = place(uri)

    assert found is None or runs.joinpath("artifacts", *found).resolve().is_relative_to(runs)
    assert artifact(runs, uri) is None


def test_a_folder_takes_what_its_files_take_and_a_link_leads_to_no_more(tmp_path):
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").write_text("12345")
    (folder / "other").write_text("67")
    (tmp_path / "large").write_text("x" * 1000)
    (folder / "link").symlink_to("../large")  # eight characters

    assert measured(folder) == 5 + 2 + 8
    assert measured(folder / "other") == 2
    assert measured(tmp_path / "missing") == 0


def test_a_folder_has_changed_when_its_last_file_was_written(tmp_path):
    for name, when in (("old", 1_000), ("new", 2_000)):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (when, when))

    assert changed(tmp_path) == 2_000


def test_a_folder_deeper_than_python_recurses_is_measured(tmp_path):
    deepest = tmp_path
    for _ in range(1_100):
        deepest /= "d"
        deepest.mkdir()
    (deepest / "file").write_text("123")

    size = measured(tmp_path)

    subprocess.run(["rm", "-r", tmp_path / "d"], check=True)  # pytest cannot
    assert size == 3
