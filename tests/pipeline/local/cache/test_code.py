"""The code that a node can reach."""

import pathlib
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.cache.code import Codebase


@pytest.fixture
def folder(tmp_path):
    """A spec's folder: mine.py imports layers/, which imports itself in a circle, and helper.py."""
    files = {
        "mine.py": "import layers\n\ndef build():\n    from helper import half\n    return half",
        "layers/__init__.py": "from . import dense",
        "layers/dense.py": "import layers\nfrom .other import rate",
        "layers/other.py": "rate = 2",
        "helper.py": "import json, scipy.stats\nhalf = 0.5  # of one",
        "unused.py": "x = 1",
        "modules.py": "x = 1",
        "json.py": "x = 1",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def code(folder):
    return Codebase(folder).of([], [folder / "mine.py"])


def test_what_a_users_file_imports_is_followed_and_named_by_its_file(folder):
    assert list(code(folder).digests) == [
        "helper.py",
        "layers/__init__.py",
        "layers/dense.py",
        "layers/other.py",
        "mine.py",
    ]


def test_a_library_counts_by_its_version_and_the_standard_library_by_pythons(folder):
    libraries = code(folder).libraries

    assert {"python", "scipy", "numpy", "tensorflow"} == set(libraries)


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("layers/other.py", "rate = 3", True),
        ("helper.py", "import json, scipy.stats\nhalf = 0.25", True),
        ("helper.py", "import json, scipy.stats\n\nhalf = (0.5)  # of two", False),
        ("unused.py", "x = 2", False),
        ("json.py", "x = 2", False),  # Python finds its own first
        ("helper.py", "half = ", True),  # is no Python
        ("helper.py", "half = '\\udc80'", True),
    ],
)
def test_an_edit_counts_if_it_changes_what_is_run(folder, name, text, counts):
    before = code(folder)

    (folder / name).write_text(text)

    assert (code(folder).digests != before.digests) == counts


def test_a_file_that_is_gone_counts_as_another(folder):
    before = code(folder)

    (folder / "layers" / "other.py").unlink()

    assert code(folder).digests != before.digests


def test_bytes_that_are_no_text_are_no_trouble(folder):
    before = code(folder)

    (folder / "helper.py").write_bytes(b"\xff\xfe\x00half")

    assert code(folder).digests != before.digests


def test_our_own_modules_are_never_the_users(folder):
    (folder / "mine.py").write_text("from modules import columns")

    found = code(folder)

    assert "modules.py" not in found.digests
    assert "modules.columns" in found.digests


def test_what_transform_runs_reaches_no_training_and_what_the_trainer_runs_every_model():
    codebase = Codebase(pathlib.Path("/nowhere"))

    transform = codebase.of(["components.transform.executor", "modules.preprocessing"], [])
    trainer = codebase.of(["modules.training.run"], [])

    assert not any(name.startswith("modules.training") for name in transform.digests)
    assert not any(name.startswith("modules.models") for name in transform.digests)
    assert {"modules.models.tabm", "modules.export", "modules.training.fit"} <= set(trainer.digests)
    assert "tensorflow-transform" in transform.libraries


def test_a_library_has_no_digest_but_a_version():
    found = Codebase(pathlib.Path("/nowhere")).of(["tfx.components.trainer.executor"], [])

    assert found.digests == {}
    assert found.libraries["tfx"] == "1.21.0"


def test_a_change_since_the_first_look_is_seen(folder):
    codebase = Codebase(folder)
    codebase.of([], [folder / "mine.py"])
    assert codebase.unchanged()

    (folder / "layers" / "other.py").write_text("rate = 3")

    assert not codebase.unchanged()


def test_what_was_read_before_is_remembered_and_a_damaged_memory_is_not_believed(folder):
    memory = folder / "runs" / "code.json"
    first = Codebase(folder, memory).of([], [folder / "mine.py"])

    assert Codebase(folder, memory).of([], [folder / "mine.py"]) == first
    for damage in ("", "{", '{"python": "2.7", "modules": {"a": {"digest": "b"}}}'):
        memory.write_text(damage)
        assert Codebase(folder, memory).of([], [folder / "mine.py"]) == first


@st.composite
def packages(draw):
    """Ten modules, each importing some others: circles and modules that nothing reaches, too."""
    names = [f"m{number}" for number in range(10)]
    several = st.lists(st.sampled_from(names), max_size=3)
    return {name: draw(several) for name in names}


@given(packages(), st.integers(0, 9))
def test_an_edit_is_seen_exactly_if_the_module_can_be_reached(package, edited):
    def text(name):
        return "".join(f"import {other}\n" for other in package[name])

    reached, front = set(), ["m0"]
    while front:
        name = front.pop()
        if name not in reached:
            reached.add(name)
            front += package[name]
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        for name in package:
            (folder / f"{name}.py").write_text(text(name))
        before = Codebase(folder).of([], [folder / "m0.py"])
        assert set(before.digests) == {f"{name}.py" for name in reached}

        (folder / f"m{edited}.py").write_text(text(f"m{edited}") + "x = 1\n")
        after = Codebase(folder).of([], [folder / "m0.py"])

    assert (after != before) == (f"m{edited}" in reached)
