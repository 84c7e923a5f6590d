"""The code that a node can reach."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.cache import code as code_of
from pipeline.local.cache import places
from pipeline.local.cache.code import Codebase

NOWHERE = pathlib.Path("/nowhere")


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text)


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
    write(tmp_path / "spec", files)
    return tmp_path / "spec"


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


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("layers/other.py", "rate = 3", True),
        ("helper.py", "import json, scipy.stats\nhalf = 0.25", True),
        ("helper.py", "import json, scipy.stats\n\nhalf = (0.5)  # of two", False),
        ("unused.py", "x = 2", False),
        ("modules.py", "x = 2", False),  # is never ours
        ("json.py", "x = 2", False),  # Python finds its own first
        ("helper.py", "half = ", True),  # is no Python
        ("helper.py", "half = '\\udc80'", True),
    ],
)
def test_an_edit_counts_if_it_changes_what_is_run(folder, name, text, counts):
    before = code(folder)

    (folder / name).write_text(text)

    assert (code(folder).digests != before.digests) == counts


def test_what_python_warns_of_has_a_syntax_tree_like_any_other(folder):
    (folder / "helper.py").write_text("half = '\\d'")
    before = code(folder)

    (folder / "helper.py").write_text("half = '\\d'  # a digit")

    assert code(folder).digests == before.digests


def test_two_texts_that_are_no_python_differ(folder):
    (folder / "helper.py").write_bytes(b"half = (")
    one = code(folder)

    (folder / "helper.py").write_bytes(b"half = (\xff\xfe\x00")

    assert code(folder).digests != one.digests


def test_text_in_another_encoding_is_read_as_python_reads_it(folder):
    (folder / "helper.py").write_bytes("# coding: latin-1\nhalf = 'é'".encode("latin-1"))
    one = code(folder)

    (folder / "helper.py").write_bytes("# coding: utf-8\nhalf = 'é'".encode())

    assert code(folder).digests == one.digests


def test_a_syntax_tree_that_is_too_deep_for_python_is_no_trouble(folder):
    deep = "import layers\nx = " + "+".join(["1"] * 1500)
    (folder / "mine.py").write_text(deep)
    one = code(folder)
    assert "layers/other.py" in one.digests

    (folder / "mine.py").write_text(deep + "+1")

    assert code(folder).digests != one.digests


def test_a_chain_of_a_thousand_modules_is_followed_to_its_end(tmp_path):
    write(tmp_path, {f"m{number}.py": f"import m{number + 1}" for number in range(1000)})

    found = Codebase(tmp_path).of([], [tmp_path / "m0.py"])

    assert len(found.digests) == 1000


@pytest.mark.parametrize("name", ["../mine.py", "/elsewhere/mine.py", "sub/../../mine.py"])
def test_a_file_outside_the_folder_is_left_to_the_loader_to_refuse(folder, name):
    (found,) = Codebase(folder).of([], [folder / name]).digests

    assert found.endswith("/mine.py")


def test_a_file_that_is_gone_counts_as_another(folder):
    before = code(folder)

    (folder / "layers" / "other.py").unlink()
    assert code(folder).digests != before.digests

    (folder / "mine.py").unlink()
    assert list(code(folder).digests) == ["mine.py"]


def test_a_link_counts_by_what_python_would_read(folder, tmp_path):
    (tmp_path / "shared.py").write_text("half = 1")
    (folder / "helper.py").unlink()
    (folder / "helper.py").symlink_to("../shared.py")
    before = code(folder)

    (tmp_path / "shared.py").write_text("half = 2")

    assert code(folder).digests != before.digests


def test_what_would_be_read_for_ever_is_not_read(folder):
    for name in ("mine.py", "helper.py", "layers/other.py"):
        (folder / name).unlink()
    (folder / "mine.py").symlink_to("/dev/zero")
    os.mkfifo(folder / "helper.py")
    (folder / "layers" / "other.py").symlink_to("other.py")  # itself
    (folder / "all.py").write_text("import mine, helper, layers")

    found = Codebase(folder).of([], [folder / "all.py"])

    assert {"mine.py", "helper.py", "layers/other.py"} <= set(found.digests)


def test_an_extension_module_counts_by_its_bytes(folder):
    (folder / "mine.py").write_text("import fast")
    (folder / "fast.abi3.so").write_bytes(b"\x7fELF1")
    before = code(folder)

    (folder / "fast.abi3.so").write_bytes(b"\x7fELF2")

    assert code(folder).digests != before.digests


@pytest.mark.parametrize("of", ["module", "package", "folder"])
def test_the_file_of_an_import_is_the_one_that_python_takes(tmp_path, of):
    layout = {"name.py": "1", "name/__init__.py": "2", "name/inner.py": "3"}
    if of != "package":
        del layout["name/__init__.py"]
    if of == "folder":
        del layout["name.py"]
    write(tmp_path, {"mine.py": "import name.inner", **layout})

    ran = subprocess.run(
        [sys.executable, "-c", "import mine, sys; print(sys.modules['name.inner'].__file__)"],
        check=False,  # inner is not to be found in the module `name`
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    found = Codebase(tmp_path).of([], [tmp_path / "mine.py"])

    expected = {"module": {"name.py"}, "package": {"name/__init__.py", "name/inner.py"}}
    assert set(found.digests) == {"mine.py"} | expected.get(of, {"name/inner.py"})
    assert ("name/inner.py" in found.digests) == ran.stdout.endswith("name/inner.py\n")


def test_all_that_a_package_has_may_be_what_a_star_imports(folder):
    (folder / "mine.py").write_text("from layers import *")
    (folder / "layers" / "more.py").write_text("x = 1")

    assert "layers/more.py" in code(folder).digests


def test_our_own_modules_are_never_the_users(folder):
    (folder / "mine.py").write_text("from modules import columns")

    found = code(folder)

    assert "modules.py" not in found.digests
    assert "modules.columns" in found.digests


def test_a_module_that_is_not_installed_is_followed_wherever_it_lies(folder, tmp_path, monkeypatch):
    write(
        tmp_path / "lab", {"workshop/__init__.py": "from . import tools", "workshop/tools.py": ""}
    )
    (folder / "mine.py").write_text("import workshop")
    (folder / "workshop.py").write_text("x = 1")  # comes after what is on sys.path
    monkeypatch.syspath_prepend(tmp_path / "lab")

    assert list(code(folder).digests) == ["mine.py", "workshop", "workshop.tools"]


def test_a_library_that_was_installed_into_a_folder_is_not_followed(folder, tmp_path, monkeypatch):
    write(
        tmp_path / "vendor",
        {
            "gadget/__init__.py": "x = 1",
            "Gadget_Kit-1.5.dist-info/METADATA": "Name: Gadget_Kit\nVersion: 1.5\n",
            "Gadget_Kit-1.5.dist-info/top_level.txt": "gadget\n",
            "~alf-1.0.dist-info/METADATA": "Name: half\nVersion: 1.0\n",
            "~alf-1.0.dist-info/top_level.txt": "half\n",
            "half.py": "x = 1",
        },
    )
    (folder / "mine.py").write_text("import gadget, half, no_such_library")
    monkeypatch.syspath_prepend(tmp_path / "vendor")

    found = code(folder)

    assert list(found.digests) == ["mine.py"]
    assert found.libraries["gadget-kit"] == "1.5"
    assert found.libraries["half"] == "unknown"
    assert set(found.libraries) == {"python", "numpy", "tensorflow", "gadget-kit", "half"}


def test_the_users_own_folder_is_followed_whatever_was_installed_into_it(folder):
    before = code(folder)

    write(folder, {"gadget-1.5.dist-info/METADATA": "Name: gadget"})

    assert code(folder).digests == before.digests


def test_a_library_counts_by_its_version_and_the_standard_library_by_pythons(folder):
    libraries = code(folder).libraries

    assert {"python", "scipy", "numpy", "tensorflow"} == set(libraries)


def test_nothing_of_python_itself_is_followed(folder):
    # math is a file in a folder of its own, sys is in none, test is not in sys.stdlib_module_names
    (folder / "mine.py").write_text("import math, sys, test, os.path")
    write(folder, {"sys.py": "x = 1"})

    found = code(folder)

    assert list(found.digests) == ["mine.py"]
    assert set(found.libraries) == {"python", "numpy", "tensorflow"}


def test_a_library_that_was_installed_anew_is_not_remembered_as_it_was(
    folder, tmp_path, monkeypatch
):
    (folder / "mine.py").write_text("import gadget")
    monkeypatch.syspath_prepend(tmp_path / "vendor")
    found = []
    for version in ("1.5", "1.6"):
        info = f"gadget-{version}.dist-info"
        metadata = f"Name: gadget\nVersion: {version}\n"
        files = {f"{info}/METADATA": metadata, f"{info}/top_level.txt": "gadget\n"}
        write(tmp_path / "vendor", {"gadget.py": "", **files})

        codebase = Codebase(folder, folder / "code.json")

        found.append(codebase.of([], [folder / "mine.py"]).libraries["gadget"])
        shutil.rmtree(tmp_path / "vendor" / info)
    assert found == ["1.5", "1.6"]


def test_of_many_distributions_that_share_a_name_the_one_that_is_imported_counts(folder):
    (folder / "mine.py").write_text("from google.protobuf import json_format")

    assert set(code(folder).libraries) == {"python", "numpy", "tensorflow", "protobuf"}


def test_what_transform_runs_reaches_no_training_and_what_the_trainer_runs_every_model():
    codebase = Codebase(NOWHERE)

    transform = codebase.of(["components.transform.executor", "modules.preprocessing"], [])
    trainer = codebase.of(["modules.training.run"], [])

    assert not any(name.startswith("modules.training") for name in transform.digests)
    assert not any(name.startswith("modules.models") for name in transform.digests)
    assert {"modules.models.tabm", "modules.export", "modules.training.fit"} <= set(trainer.digests)
    assert "tensorflow-transform" in transform.libraries


def test_a_module_that_another_process_runs_by_its_name_is_followed():
    # modules.training.launcher starts `python -m modules.training.worker`
    assert "modules.training.worker" in Codebase(NOWHERE).of(["modules.training.run"], []).digests


def test_a_name_of_a_function_in_a_text_is_not_followed():
    # pipeline.graph has "modules.training.run.run_fn", which is Trainer's to run
    assert "modules.training.run" not in Codebase(NOWHERE).of(["pipeline.graph"], []).digests


def test_an_executor_of_a_library_counts_by_its_version_and_those_of_what_it_imports():
    found = Codebase(NOWHERE).of(["tfx.components.example_validator.executor"], [])

    assert found.digests == {}
    assert found.libraries["tfx"] == "1.21.0"
    assert "tensorflow-data-validation" in found.libraries


def test_a_change_since_the_first_look_is_seen_in_the_code_that_has_it(folder):
    codebase = Codebase(folder)
    mine, helper = (codebase.of([], [folder / name]) for name in ("mine.py", "helper.py"))
    assert codebase.unchanged(mine)

    (folder / "layers" / "other.py").write_text("rate = 3")

    assert not codebase.unchanged(mine)
    assert codebase.unchanged(helper)


def test_a_module_of_ours_that_is_edited_between_import_and_first_look_is_seen(
    tmp_path, monkeypatch
):
    for module in (code_of, places):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    write(tmp_path, {"modules/__init__.py": "", "modules/model.py": "width = 1"})
    codebase = Codebase(NOWHERE)

    (tmp_path / "modules" / "model.py").write_text("width = 20")

    assert not codebase.unchanged(codebase.of(["modules.model"], []))


def test_code_is_as_it_was_when_it_was_first_looked_at(folder):
    codebase = Codebase(folder)
    before = codebase.of([], [folder / "mine.py"])

    (folder / "helper.py").write_text("half = 3")

    assert codebase.of([], [folder / "mine.py"]) == before


def test_what_was_found_before_is_remembered(folder):
    memory = folder / "runs" / "code.json"
    first = Codebase(folder, memory).of([], [folder / "mine.py"])
    assert Codebase(folder, memory).of([], [folder / "mine.py"]) == first

    memory.write_text(memory.read_text().replace(first.digests["mine.py"], "as remembered"))

    assert (
        Codebase(folder, memory).of([], [folder / "mine.py"]).digests["mine.py"] == "as remembered"
    )


@pytest.mark.parametrize("damage", [lambda _: "", lambda text: text[:-9], lambda _: "[]"])
def test_a_damaged_memory_is_not_believed_and_is_mended(folder, damage):
    memory = folder / "runs" / "code.json"
    first = Codebase(folder, memory).of([], [folder / "mine.py"])
    whole = memory.read_text()
    memory.write_text(damage(whole))

    assert Codebase(folder, memory).of([], [folder / "mine.py"]) == first
    assert sorted(memory.read_text()) == sorted(whole)
    assert [path.name for path in memory.parent.iterdir()] == ["code.json"]


def test_what_another_version_of_ours_has_found_is_not_believed(folder):
    memory = folder / "runs" / "code.json"
    first = Codebase(folder, memory).of([], [folder / "mine.py"])
    text = memory.read_text().replace(first.digests["mine.py"], "as remembered")

    memory.write_text(text.replace('"by":"', '"by":"another '))

    assert Codebase(folder, memory).of([], [folder / "mine.py"]) == first


def test_a_memory_that_has_grown_too_long_keeps_what_is_used(folder, monkeypatch):
    monkeypatch.setattr("pipeline.local.cache.memory._MOST", 10)
    memory = folder / "runs" / "code.json"

    for number in range(20):
        (folder / "helper.py").write_text(f"half = {number}")
        last = Codebase(folder, memory).of([], [folder / "mine.py"])

    text = memory.read_text()
    assert all(digest in text for digest in last.digests.values())
    assert text.count('"imports"') <= 10


def test_nothing_heavy_is_imported():
    program = (
        "import pathlib\n"
        "from pipeline.local.cache import code, contents, index, why\n"
        "roots = ['modules.training.run', 'tfx.components.trainer.executor']\n"
        "code.Codebase(pathlib.Path.cwd()).of(roots, [])\n"
        "import sys\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    heavy = {"tensorflow", "tfx", "apache_beam", "keras", "pyarrow", "numpy", "ml_metadata"}
    assert not heavy & set(ran.stdout.split())


# How m1, in the package p, may import m2, in it too.
FORMS = (
    "import p.{}",
    "from p import {}",
    "from p.{} import x",
    "from . import {}",
    "from .{} import x",
    "def f():\n    import p.{} as other",
    "try:\n    from p import nothing, {}\nexcept ImportError:\n    pass",
)


@st.composite
def packages(draw):
    """Ten modules, each importing some others: circles and modules that nothing reaches, too."""
    names = [f"m{number}" for number in range(10)]
    several = st.lists(st.tuples(st.sampled_from(names), st.sampled_from(FORMS)), max_size=3)
    return {name: draw(several) for name in names}


@given(packages(), st.integers(0, 9))
def test_an_edit_is_seen_exactly_if_the_module_can_be_reached(package, edited):
    reached, front = set(), ["m0"]
    while front:
        name = front.pop()
        if name not in reached:
            reached.add(name)
            front += [other for other, _ in package[name]]
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        texts = {
            f"p/{name}.py": "\n".join(form.format(other) for other, form in imports) + "\nx = 0\n"
            for name, imports in package.items()
        }
        write(folder, {"mine.py": "import p.m0", "p/__init__.py": "", **texts})
        before = code(folder)
        file = folder / "p" / f"m{edited}.py"

        file.write_text(texts[f"p/m{edited}.py"] + "# a comment\n")
        commented = code(folder)
        file.write_text(texts[f"p/m{edited}.py"] + "x = 1\n")
        after = code(folder)

    expected = {"mine.py", "p/__init__.py", *(f"p/{name}.py" for name in reached)}
    assert set(before.digests) == expected
    assert commented == before
    assert (after != before) == (f"m{edited}" in reached)
