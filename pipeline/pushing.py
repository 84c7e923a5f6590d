"""What the Pusher is told of a spec."""

import hashlib
import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

from components.pusher.config import Settings
from pipeline.spec import Spec

# Tables that say where and how a pipeline runs, not what comes out of it.
_ELSEWHERE = {"push", "local", "beam", "kubeflow", "stock"}
_HOOK = re.compile(r"([^:\s]+\.py):\w+")  # a function of the user's


def push_settings(spec: Spec, folder: pathlib.PurePath) -> Settings:
    """What the Pusher is told.

    Args:
        spec: of the pipeline.
        folder: that the spec's paths start from.
    """
    return Settings(
        pipeline=spec.name,
        keep=spec.push.keep,
        spec=fingerprint(spec),
        folder=str(folder),
        files=tuple(sorted(set(_files(spec.learning().model_dump(mode="json"))))),
    )


def fingerprint(spec: Spec) -> str:
    """SHA-256 over all of a spec, defaults included, that decides what is pushed."""
    values = spec.model_dump(mode="json", by_alias=True, exclude=_ELSEWHERE)
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _files(value: Any) -> Iterator[str]:
    """Files of the user's that a spec names, however deep."""
    if isinstance(value, str) and (match := _HOOK.fullmatch(value)):
        yield match[1]
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _files(inner)
