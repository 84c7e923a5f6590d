"""What a model answers, as JSON in the form of TensorFlow Serving."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.serving.refusal import Refused


def answer(outputs: Mapping[str, np.ndarray], by_row: bool) -> bytes:
    """The body for the outputs of a model.

    Args:
        outputs: by name; text as objects of bytes.
        by_row: the request had `instances`: `{"predictions": [...]}` holds a value a row, or an
            object if there are several outputs. Otherwise `{"outputs": ...}` holds whole tensors.

    Raises:
        Refused: if there is no JSON for a tensor, or the rows differ in number.
    """
    plain = {name: _plain(name, outputs[name]) for name in sorted(outputs)}
    only = next(iter(plain.values())) if len(plain) == 1 else None
    if not by_row:
        return _dumped({"outputs": plain if only is None else only})
    if len({_rows(name, array) for name, array in outputs.items()}) > 1:
        lengths = {name: len(array) for name, array in outputs.items()}
        raise Refused(f"the outputs have unequal numbers of rows, {lengths}: ask with 'inputs'")
    if only is not None:
        return _dumped({"predictions": only})
    rows = zip(*plain.values(), strict=True)
    return _dumped({"predictions": [dict(zip(plain, row, strict=True)) for row in rows]})


def error(sentence: str) -> bytes:
    """The body of a refusal."""
    return _dumped({"error": sentence})


def _dumped(told: dict[str, Any]) -> bytes:
    """JSON with NaN and Infinity as numbers, which TensorFlow Serving writes, too."""
    return json.dumps(told, ensure_ascii=False).encode(errors="replace")


def _rows(name: str, array: np.ndarray) -> int:
    if array.ndim == 0:
        raise Refused(f"the output {name!r} has no rows: ask with 'inputs'")
    return len(array)


def _plain(name: str, array: np.ndarray) -> Any:
    """Nested lists of what JSON has."""
    match array.dtype.kind:
        case "b" | "i" | "u":
            return array.tolist()
        case "f":
            flat: list[Any] = [_decimal(each) for each in array.ravel()]
        case "O" | "S":
            told = _base64 if name.endswith("_bytes") else _text
            flat = [told(each) for each in array.ravel()]
        case _:
            raise Refused(f"there is no JSON for the output {name!r} of type {array.dtype}")
    nested = np.empty(len(flat), object)
    nested[:] = flat
    return nested.reshape(array.shape).tolist()


def _decimal(number: np.floating[Any]) -> float:
    """A number with six digits if they tell it, or as many as tell it: 0.1, not 0.100000001."""
    few = float(f"{number:.6g}")
    if isinstance(number, np.float64):
        return few if few == number else float(number)
    return few if number.dtype.type(few) == number else float(f"{number:.9g}")


def _text(value: bytes) -> str:
    """A text; bytes that are none of UTF-8 are shown as a question mark in a diamond."""
    return value.decode("utf-8", errors="replace")


def _base64(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode("ascii")}
