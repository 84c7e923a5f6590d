"""Long texts on their way to a pod: all of a pod's inputs travel in one argument of a command.

Linux takes 128 KiB an argument, and the DAG with the inputs of all tasks is one as well: with a
table of 500 columns it has 207,000 bytes, packed 27,000 (tests/pipeline/kubeflow).
"""

import base64
import zlib

_PREFIX = "zlib+base64:"
_LONG = 8 * 1024  # characters; what is shorter stays readable in Kubeflow's pages


def packed(text: str) -> str:
    """The text, or what `unpacked` makes it of."""
    if len(text) < _LONG and not text.startswith(_PREFIX):
        return text
    return _PREFIX + base64.b64encode(zlib.compress(text.encode("utf-8"), 9)).decode("ascii")


def unpacked(text: str) -> str:
    """What was packed."""
    if not text.startswith(_PREFIX):
        return text
    return zlib.decompress(base64.b64decode(text.removeprefix(_PREFIX))).decode("utf-8")
