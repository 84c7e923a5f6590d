"""What a Python source says and imports, whatever its comments and layout."""

import ast
import hashlib
import pathlib
import re
import warnings

from pipeline.local.cache.memory import Memory, Module

OURS = ("pipeline", "components", "modules")
_NAME_OF_OURS = re.compile(rf"(?:{'|'.join(OURS)})(?:\.\w+)+")


def read(path: pathlib.Path, memory: Memory) -> Module:
    """The source in a file; one that cannot be read counts as none.

    A file that is no Python counts by its bytes: it may be an extension module, or has to be mended
    before it can be run.
    """
    try:
        content = path.read_bytes() if path.is_file() else b""  # a pipe would be read for ever
    except OSError:
        content = b""
    return memory.module(content, _parsed)


def _parsed(content: bytes, otherwise: str) -> Module:
    """What a source says; the digest of its bytes where there is no syntax tree to take one of."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of "\d", in each run; under -W error it has no tree
            tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Module(digest=otherwise)
    found = Module(digest=_of_tree(tree) or otherwise)
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                found.imports += [(0, alias.name, ()) for alias in node.names]
            case ast.ImportFrom():
                names = tuple(alias.name for alias in node.names)
                found.imports.append((node.level, node.module or "", names))
            case ast.Constant(value=str(text)) if _NAME_OF_OURS.fullmatch(text):
                found.mentions.append(text)
    return found


def _of_tree(tree: ast.AST) -> str | None:
    """Its digest; None if it is too deep for Python, as a sum of a thousand terms is."""
    try:
        text = ast.dump(tree)
    except RecursionError:
        return None
    return hashlib.sha256(text.encode()).hexdigest()
