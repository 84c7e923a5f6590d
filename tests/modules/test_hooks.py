"""A user's function in a file beside the spec, and every way in which it is not there."""

import sys

import pytest

from modules.errors import SpecError
from modules.hooks import load_function


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path.copy())
    folder = tmp_path / "project"
    (folder / "models").mkdir(parents=True)
    (folder / "my_model.py").write_text(
        "import math\nSIZE = 3\ndef build_model():\n    return math.pi * SIZE\n"
    )
    (folder / "models" / "training.py").write_text("def build():\n    return 'deep'\n")
    (tmp_path / "outside.py").write_text("def build():\n    return 'outside'\n")
    return folder


def test_a_function_beside_the_spec_is_found_with_what_it_uses(folder):
    build = load_function("my_model.py:build_model", folder)

    assert build() == pytest.approx(9.42, abs=0.01)  # 3 pi


def test_a_file_may_import_another_beside_the_spec_but_none_in_place_of_ours(folder):
    (folder / "layers_of_mine.py").write_text("WIDTH = 7\n")
    (folder / "json.py").write_text("raise SystemExit('not the real one')\n")
    (folder / "deep.py").write_text(
        "import json\nfrom layers_of_mine import WIDTH\ndef build():\n    return WIDTH\n"
    )

    assert load_function("deep.py:build", folder)() == 7


def test_a_file_may_lie_in_a_folder_and_have_the_name_of_one_of_ours(folder):
    import modules.training

    assert load_function("models/training.py:build", folder)() == "deep"
    assert sys.modules["modules.training"] is modules.training


def test_a_file_that_was_edited_is_read_again(folder):
    load_function("my_model.py:build_model", folder)
    (folder / "my_model.py").write_text("def build_model():\n    return 'a longer text'\n")

    assert load_function("my_model.py:build_model", folder)() == "a longer text"


@pytest.mark.parametrize("reference", ["../outside.py:build", "models/../../outside.py:build"])
def test_a_file_outside_the_folder_is_refused(folder, reference):
    with pytest.raises(SpecError, match=f"^{reference}: leaves the folder .*project; keep the"):
        load_function(reference, folder)


def test_a_link_that_leaves_the_folder_is_refused(folder):
    (folder / "link.py").symlink_to(folder.parent / "outside.py")

    with pytest.raises(SpecError, match=r"link.py:build: leaves the folder"):
        load_function("link.py:build", folder)


@pytest.mark.parametrize("reference", ["nowhere.py:build", "models:build", "models.py:build"])
def test_a_file_that_is_not_there_is_refused_with_the_place_searched(folder, reference):
    name = reference.partition(":")[0]

    with pytest.raises(SpecError, match=f"^{reference}: no Python file at .*project/{name}$"):
        load_function(reference, folder)


def test_a_name_that_is_not_there_is_refused_with_the_nearest(folder):
    with pytest.raises(
        SpecError, match=r"no function 'biuld_model' in .*; did you mean 'build_model'\?"
    ):
        load_function("my_model.py:biuld_model", folder)


def test_what_is_no_function_is_refused(folder):
    with pytest.raises(SpecError, match=r"my_model.py:SIZE: no function 'SIZE' in .*my_model.py"):
        load_function("my_model.py:SIZE", folder)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("1 / 0", "raises ZeroDivisionError: division by zero"),
        ("def build(:\n", "raises SyntaxError: "),
        ("import no_such_library", "raises ModuleNotFoundError: No module named 'no_such_library'"),
    ],
)
def test_a_file_that_fails_to_run_is_refused_with_its_error(folder, content, problem):
    (folder / "broken.py").write_text(content)

    with pytest.raises(SpecError, match=f"^broken.py:build: .*broken.py {problem}"):
        load_function("broken.py:build", folder)
