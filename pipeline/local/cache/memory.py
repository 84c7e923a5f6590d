"""What was found out about code in earlier runs, so that a run need not find it out again."""

import hashlib
import pathlib
import platform
from collections.abc import Callable

import pydantic

from pipeline.local import whole

_MOST = 2000  # sources; a tree of ours has some 250, and each edit adds one


class Module(pydantic.BaseModel):
    """A source that was read."""

    digest: str  # of the syntax tree, or of the bytes where there is none
    # Each import: dots before the name, the name, and what is taken from it, if anything is.
    imports: list[tuple[int, str, tuple[str, ...]]] = []
    mentions: list[str] = []  # texts that may name modules of ours, as `python -m` takes them


class Known(pydantic.BaseModel):
    """All that is remembered."""

    by: str  # who found it out: another Python, or another version of ours, may find something else
    modules: dict[str, Module] = {}  # by SHA-256 of their bytes
    installed: str = ""  # digest of what was installed when the following held
    distributions: dict[str, dict[str, str]] = {}  # version by distribution, by import name


class Memory:
    """What is remembered, in a file that may be missing or damaged: then nothing is."""

    def __init__(self, path: pathlib.Path | None = None) -> None:
        """Takes the file; None: nothing outlives this object."""
        self._path = path
        self._known = _read(path) or Known(by=_finder())
        self._used: dict[str, Module] = {}
        self._grew = False

    def module(self, content: bytes, parse: Callable[[bytes, str], Module]) -> Module:
        """What a source says, from what is remembered or else parsed.

        Args:
            content: the source.
            parse: takes it and its digest.
        """
        key = hashlib.sha256(content).hexdigest()
        if key not in self._used:
            known = self._known.modules.get(key)
            self._used[key] = known or parse(content, key)
            self._grew = self._grew or known is None
        return self._used[key]

    def distributions(
        self, name: str, installed: str, find: Callable[[str], dict[str, str]]
    ) -> dict[str, str]:
        """Version by distribution of an import name, from what is remembered or else found.

        Args:
            name: the name.
            installed: digest of what is installed: what is remembered of another state is not true.
            find: takes the name.
        """
        known = self._known
        if known.installed != installed:
            known.installed, known.distributions = installed, {}
        if name not in known.distributions:
            known.distributions[name] = find(name)
            self._grew = True
        return known.distributions[name]

    def save(self) -> None:
        """Writes down what is new, whole or not at all."""
        if self._path is None or not self._grew:
            return
        self._known.modules |= self._used
        if len(self._known.modules) > _MOST:
            self._known.modules = dict(self._used)
        whole.write(self._path, self._known.model_dump_json().encode())
        self._grew = False


def _read(path: pathlib.Path | None) -> Known | None:
    """What a file remembers, if it is whole and we would find the same."""
    if path is None:
        return None
    try:
        found = Known.model_validate_json(path.read_bytes())
    except (OSError, pydantic.ValidationError):
        return None
    return found if found.by == _finder() else None


def _finder() -> str:
    """Python's version, and a digest of the code that finds out what is remembered."""
    code = hashlib.sha256()
    for path in sorted(pathlib.Path(__file__).parent.glob("*.py")):
        code.update(path.read_bytes())
    return f"{platform.python_version()} {code.hexdigest()}"
