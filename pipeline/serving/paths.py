"""What a URL asks for, in the paths of TensorFlow Serving's REST API."""

import dataclasses
import re
from typing import Literal

from pipeline.serving.refusal import Refused

_MODEL = r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+))?"
_FLAGS = re.IGNORECASE | re.ASCII
_GET = re.compile(_MODEL + r"(?P<what>/metadata)?", _FLAGS)
_POST = re.compile(_MODEL + r":(?P<what>predict|classify|regress)", _FLAGS)
_MOST = 2**63 - 1  # versions are int64


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What of which model."""

    what: Literal["status", "metadata", "predict"]
    name: str
    version: int | None  # None: the one that is served


def wanted(method: str, path: str) -> Wanted:
    """What a request wants.

    Raises:
        Refused: if there is no such path, or the method does not go with it.
    """
    pattern = {"GET": _GET, "POST": _POST}.get(method)
    found = pattern.fullmatch(path) if pattern else None
    if found is None:
        raise Refused(f"Malformed request: {method} {path[:200]}")
    version = found["version"]
    if version is not None and (len(version) > 19 or int(version) > _MOST):
        raise Refused(f"Failed to convert version: {version[:40]} to numeric")
    what = (found["what"] or "").lstrip("/").lower()
    number = None if version is None else int(version)
    if what in ("classify", "regress"):
        raise Refused(
            f"method {what!r} is not there: a model of Headrace has signatures for 'predict' only"
        )
    if what == "predict":
        return Wanted("predict", found["name"], number)
    return Wanted("metadata" if what else "status", found["name"], number)
