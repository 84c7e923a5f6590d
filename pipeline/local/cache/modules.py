"""What a Python source says and imports, whatever its comments and layout."""

import ast
import hashlib
import os
import pathlib
import platform
import tempfile

import pydantic


class Module(pydantic.BaseModel):
    """A source that was read."""

    digest: str  # of the syntax tree, or of the bytes where there is none
    # Each import: dots before the name, the name, and what is taken from it, if anything is.
    imports: list[tuple[int, str, tuple[str, ...]]] = []


class Sources(pydantic.BaseModel):
    """Sources by the digest of their bytes: parsing them all takes half a second."""

    python: str = platform.python_version()  # a syntax tree is another in another version
    modules: dict[str, Module] = {}


class Reader:
    """Reads sources; what was read before, in this run or an earlier one, is not parsed again."""

    def __init__(self, memory: pathlib.Path | None) -> None:
        """Takes the file that remembers, which may be missing or damaged."""
        self._memory, self._grew = memory, False
        self._known = Sources()
        if memory is not None:
            try:
                found = Sources.model_validate_json(memory.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError, pydantic.ValidationError):
                return
            if found.python == self._known.python:
                self._known = found

    def read(self, path: pathlib.Path) -> Module:
        """The source in a file; one that cannot be read counts as none.

        A file that is no Python counts by its bytes: it has to be mended before it can be run.
        """
        try:
            content = path.read_bytes()
        except OSError:
            return Module(digest="")
        key = hashlib.sha256(content).hexdigest()
        if key not in self._known.modules:
            self._known.modules[key] = _parsed(content, key)
            self._grew = True
        return self._known.modules[key]

    def remember(self) -> None:
        """Writes down what was new, whole or not at all."""
        if self._memory is None or not self._grew:
            return
        self._memory.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(prefix=".writing-", dir=self._memory.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self._known.model_dump_json())
        pathlib.Path(beside).replace(self._memory)
        self._grew = False


def _parsed(content: bytes, otherwise: str) -> Module:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Module(digest=otherwise)
    imports: list[tuple[int, str, tuple[str, ...]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [(0, alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            imports.append((node.level, node.module or "", names))
    digest = hashlib.sha256(ast.dump(tree).encode("utf-8", "surrogatepass")).hexdigest()
    return Module(digest=digest, imports=imports)
