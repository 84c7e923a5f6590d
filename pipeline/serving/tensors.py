"""Arrays from the nested lists of a request, by the rules of TensorFlow Serving.

What TensorFlow Serving refuses is refused, so that a request that is answered here is answered
there (tensorflow_serving/util/json_tensor.cc and g3doc/api_rest.md, of 2.19). It is stricter in one
thing: shapes are compared with the signature, where TensorFlow Serving leaves that to the graph.
"""

import base64
import dataclasses
import http
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.serving.kind import Kind, Shape
from pipeline.serving.refusal import Refused, shown

_DEEPEST = 16  # dimensions of a tensor; NumPy has an end, too
# Whole numbers up to here are a float of that type, whatever their last digit.
_EXACT = {"float32": 2**24 - 1, "float64": 2**53 - 1}
_INTEGERS = ("int8", "uint8", "int16", "int32", "uint32", "int64", "uint64")


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a tensor is in a request, for what is said of it."""

    key: str  # "instances" or "inputs"
    name: str | None  # of the input; None: it is given without its name

    def at(self, index: Sequence[int] = ()) -> str:
        """The place of a value in the tensor: `instances[2]['distance'][0]`."""
        rows = [f"[{each}]" for each in index]
        name = [] if self.name is None else [f"[{shown(self.name)}]"]
        row = rows[:1] if self.key == "instances" else []
        return "".join([self.key, *row, *name, *rows[len(row) :]])


def array(value: Any, kind: Kind, place: Place) -> np.ndarray:
    """The values of nested lists as an array of the kind's type: text as objects of bytes.

    Raises:
        Refused: if the lists have unequal lengths, the shape is not the kind's, or a value is not
            of its type or cannot be held by it.
    """
    values, shape = _flat(value, place)
    if not kind.takes(shape):
        raise Refused(_of_wrong_shape(shape, kind, place))
    if kind.dtype in _EXACT:
        found = _floats(values, kind.dtype, shape, place)
    elif kind.dtype in _INTEGERS:
        found = _integers(values, kind.dtype, shape, place)
    elif kind.dtype == "bool":
        found = _of_type(values, bool, "true or false", shape, place)
    elif kind.dtype == "string":
        found = _texts(values, shape, place)
    else:
        problem = f"{place.at()}: there is no JSON for tensors of type {kind.dtype}"
        raise Refused(problem, http.HTTPStatus.NOT_IMPLEMENTED)
    return found.reshape(shape)


def _flat(value: Any, place: Place) -> tuple[list[Any], Shape]:
    """All values in order, and the shape that the first of each level has."""
    shape: Shape = ()
    values = [value]
    while values and isinstance(values[0], list):
        length = len(values[0])
        for number, inner in enumerate(values):
            if not isinstance(inner, list) or len(inner) != length:
                got = f"{len(inner)} values" if isinstance(inner, list) else shown(inner)
                raise Refused(
                    f"{place.at(_index(number, shape))}: got {got}, expected a list of {length}, "
                    f"as those before it are"
                )
        shape = (*shape, length)
        if len(shape) > _DEEPEST:
            raise Refused(f"{place.at()}: lists are nested deeper than {_DEEPEST} levels")
        values = [each for inner in values for each in inner]
    return values, shape


def _index(number: int, shape: Shape) -> list[int]:
    """The indices of a value by its number in order."""
    return [int(each) for each in np.unravel_index(number, shape)] if shape else []


def _of_wrong_shape(shape: Shape, kind: Kind, place: Place) -> str:
    """Says what a row has and should have, or the tensor where it is not given by rows."""
    wanted = kind.shape or ()
    example: Any = '"..."' if kind.dtype == "string" else "1" if "int" in kind.dtype else "1.0"
    rows = place.key == "instances"
    for length in reversed(wanted[1:] if rows else wanted):
        example = f"[{', '.join([example] * min(length or 1, 3))}]"
    if not rows:
        return f"{place.at()}: got a tensor of shape {shape}, expected {kind}, such as {example}"
    got = f"a value of shape {shape[1:]}" if shape[1:] else "a single value"
    return f"{place.at([0])}: got {got}, expected one such as {example}: the input is {kind}"


def _wrong(number: int, shape: Shape, place: Place, value: Any, expected: str) -> Refused:
    got = shown(value)
    mend = ""
    if value is None:
        mend = '. What is missing is NaN for a number and "" for a text'
    return Refused(f"{place.at(_index(number, shape))}: got {got}, expected {expected}{mend}")


def _floats(values: list[Any], dtype: str, shape: Shape, place: Place) -> np.ndarray:
    exact = _EXACT[dtype]
    for number, value in enumerate(values):
        if type(value) is float:  # most are
            continue
        if type(value) is not int:  # true and false are instances of int
            raise _wrong(number, shape, place, value, "a number")
        if abs(value) > exact:
            expected = f"a whole number within ±{exact:,}, or one with a decimal point"
            raise _wrong(number, shape, place, value, expected)
    wide = np.array(values, np.float64)
    beyond = np.isfinite(wide) & (np.abs(wide) > np.finfo(dtype).max)
    if beyond.any():
        number = int(beyond.argmax())
        raise _wrong(number, shape, place, values[number], f"a number that {dtype} can hold")
    return wide.astype(dtype)


def _integers(values: list[Any], dtype: str, shape: Shape, place: Place) -> np.ndarray:
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    for number, value in enumerate(values):
        if type(value) is not int or not least <= value <= most:
            expected = f"a whole number from {least} to {most}, without a decimal point"
            raise _wrong(number, shape, place, value, expected)
    return np.array(values, dtype)


def _of_type(
    values: list[Any], wanted: type, expected: str, shape: Shape, place: Place
) -> np.ndarray:
    for number, value in enumerate(values):
        if type(value) is not wanted:
            raise _wrong(number, shape, place, value, expected)
    return np.array(values, wanted)


def _texts(values: list[Any], shape: Shape, place: Place) -> np.ndarray:
    found = np.empty(len(values), object)
    for number, value in enumerate(values):
        try:
            found[number] = value.encode() if isinstance(value, str) else _binary(value)
        except ValueError as error:
            expected = 'a text, or {"b64": "..."} with bytes in Base64'
            raise _wrong(number, shape, place, value, expected) from error
    return found


def is_binary(value: Any) -> bool:
    """Whether a value is `{"b64": "..."}`."""
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def _binary(value: Any) -> bytes:
    """The bytes of `{"b64": "..."}`; a ValueError for anything else."""
    if not is_binary(value):
        raise ValueError
    return base64.b64decode(value["b64"], validate=True)
