"""The part of requirements.lock that a pod needs: what setup.py installs, and what that needs.

The lock holds the extras (tests, linters, set-up) as well. Beside every package it says what
wanted it, so that the rest can be told without a resolver; and none would do, since pins that
setup.py's metadata contradict (docs/decisions/dependencies.md) are overridden in the lock alone.

python3 scripts/image/lock.py [NAME ...]      # with names: these alone
"""

import ast
import re
import sys
from collections.abc import Collection
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_PROJECT = "headrace (setup.py)"  # how the lock calls the project, for its extras too


def main() -> None:
    """Prints it, with hashes, as pip reads it."""
    lock = (_ROOT / "requirements.lock").read_text(encoding="utf-8")
    names = sys.argv[1:] or runtime(lock, requirements(_ROOT / "setup.py"))
    sys.stdout.write(subset(lock, names))


def requirements(setup: Path) -> set[str]:
    """Names in the `install_requires` of a setup.py, which is read and not run."""
    for node in ast.walk(ast.parse(setup.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "install_requires":
            return {_name(requirement) for requirement in ast.literal_eval(node.value)}
    raise ValueError(f"{setup}: no install_requires, expected a list in the call of setup()")


def runtime(lock: str, wanted: Collection[str]) -> set[str]:
    """Names of what is wanted, and of everything that was locked because of it.

    Raises:
        ValueError: if the lock lacks what is wanted.
    """
    because = {name: _because(entry) for name, entry in _entries(lock)}
    _check_known(wanted, because)
    kept = set(wanted)
    while True:
        more = {name for name, of in because.items() if kept & of} - kept
        if not more:
            return kept
        kept |= more


def subset(lock: str, names: Collection[str]) -> str:
    """The entries of these packages, in the order of the lock.

    Raises:
        ValueError: if the lock lacks one.
    """
    found = _entries(lock)
    _check_known(names, {name for name, _ in found})
    return "".join(entry for name, entry in found if name in names)


def _check_known(names: Collection[str], known: Collection[str]) -> None:
    missing = sorted(set(names) - set(known))
    if missing:
        raise ValueError(f"requirements.lock has no {', '.join(missing)}. Run `make lock`")


def _entries(lock: str) -> list[tuple[str, str]]:
    """Each pin with its hashes and remarks. A name comes twice if its version differs by Python."""
    found = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)
    return [(_name(entry), entry) for entry in found if entry[:1].isalnum()]


def _because(entry: str) -> set[str]:
    """What wanted a package, from the remark behind its pin."""
    remark = entry.partition("# via")[2]
    return {line.strip(" #") for line in remark.splitlines()} - {"", _PROJECT}


def _name(requirement: str) -> str:
    """As the lock writes it: lower case, with hyphens."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
