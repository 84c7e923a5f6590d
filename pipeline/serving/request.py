"""A body of `:predict`, read: the signature it asks and the tensors it gives."""

import collections
import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from modules.errors import did_you_mean
from pipeline.serving.kind import Inputs
from pipeline.serving.refusal import Refused, shown
from pipeline.serving.signatures import DEFAULT
from pipeline.serving.tensors import Place, array, is_binary

_ROWS, _COLUMNS, _SIGNATURE = "instances", "inputs", "signature_name"
_NAMED = 5  # inputs that a sentence names


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a request asks of a model."""

    signature: str
    by_row: bool  # it has `instances`, not `inputs`
    inputs: dict[str, np.ndarray]

    @property
    def rows(self) -> int:
        """Rows of the batch, 0 if it has none."""
        lengths = [len(each) for each in self.inputs.values() if each.ndim]
        return max(lengths, default=0)


def asked(body: bytes, signatures: Mapping[str, Inputs]) -> Asked:
    """What a body asks for.

    Args:
        body: `{"signature_name": ..., "instances": [...]}` or `{..., "inputs": ...}`.
        signatures: of the model, by name.

    Raises:
        Refused: with what is wrong first, where, and what was expected.
    """
    told = _read(body)
    for key in told:
        if key not in (_ROWS, _COLUMNS, _SIGNATURE):
            hint = did_you_mean(key[:100], [_ROWS, _COLUMNS, _SIGNATURE])
            raise Refused(f"there is no key {shown(key)} in a request{hint}")
    name = told.get(_SIGNATURE, DEFAULT)
    if not isinstance(name, str):
        raise Refused(f"{_SIGNATURE}: got {shown(name)}, expected a text")
    name = name or DEFAULT
    if name not in signatures:
        known = ", ".join(sorted(signatures))
        hint = did_you_mean(name[:100], signatures)
        raise Refused(f"the model has no signature {shown(name)}{hint}. It has: {known}")
    if (_ROWS in told) == (_COLUMNS in told):
        raise Refused(f"a request has either {_ROWS!r} (by row) or {_COLUMNS!r} (by column)")
    read = _by_row if _ROWS in told else _by_column
    given = told[_ROWS] if _ROWS in told else told[_COLUMNS]
    return Asked(name, _ROWS in told, read(given, signatures[name], name))


def _read(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; NaN and Infinity are numbers."""
    try:
        told = json.loads(
            body.decode("utf-8"), parse_float=_finite, object_pairs_hook=_without_twins
        )
    except UnicodeDecodeError as error:
        raise Refused(f"the body is not UTF-8: byte {error.start} cannot be read") from error
    except RecursionError as error:
        raise Refused("the body is not read: its lists or objects are nested too deep") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Refused(f"the body is not JSON: {error.msg} at {where}") from error
    except ValueError as error:  # a whole number of more digits than Python reads
        raise Refused("the body is not read: a number has too many digits") from error
    if not isinstance(told, dict):
        raise Refused(f"the body is {shown(told)}, expected an object with {_ROWS!r}")
    return told


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise Refused(f"the number {digits[:40]} is too large; write Infinity if that is meant")
    return number


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = collections.Counter(name for name, _ in pairs)
        twin = counts.most_common(1)[0][0]
        raise Refused(f"an object has the key {shown(twin)} more than once")
    return found


def _by_row(rows: Any, inputs: Inputs, signature: str) -> dict[str, np.ndarray]:
    if not isinstance(rows, list) or not rows:
        got = "an empty list" if rows == [] else shown(rows)
        raise Refused(f"{_ROWS}: got {got}, expected a list with a value or an object a row")
    named = _is_named(rows[0])
    for number, row in enumerate(rows):
        if _is_named(row) != named:
            kinds = ("an object", "a value") if named else ("a value", "an object")
            expected = f"expected {kinds[0]}, as the first is"
            raise Refused(f"{_ROWS}[{number}] is {kinds[1]}, {expected}")
        if named:
            _check_names(row, inputs, f"{_ROWS}[{number}]", signature)
    if named:
        columns = {name: [row[name] for row in rows] for name in inputs}
    else:
        columns = {_only(inputs, f"{_ROWS}[0]", signature): rows}
    return {
        name: array(values, inputs[name], Place(_ROWS, name if named else None))
        for name, values in columns.items()
    }


def _by_column(columns: Any, inputs: Inputs, signature: str) -> dict[str, np.ndarray]:
    if not _is_named(columns):
        name = _only(inputs, _COLUMNS, signature)
        return {name: array(columns, inputs[name], Place(_COLUMNS, None))}
    _check_names(columns, inputs, _COLUMNS, signature)
    found = {name: array(columns[name], inputs[name], Place(_COLUMNS, name)) for name in inputs}
    lengths = {name: len(each) for name, each in found.items() if _is_batch(inputs, name)}
    first = next(iter(lengths), "")
    for name, length in lengths.items():
        if length != lengths[first]:
            raise Refused(
                f"{Place(_COLUMNS, name).at()} has {length} rows, but "
                f"{Place(_COLUMNS, first).at()} has {lengths[first]}. Give both the same rows"
            )
    return found


def _is_batch(inputs: Inputs, name: str) -> bool:
    """Whether the first dimension of an input is that of the rows."""
    shape = inputs[name].shape
    return bool(shape) and shape is not None and shape[0] is None


def _is_named(value: Any) -> bool:
    """Whether a value gives inputs by name: bytes in Base64 are an object, too."""
    return isinstance(value, dict) and not is_binary(value)


def _only(inputs: Inputs, where: str, signature: str) -> str:
    """The one input of a signature, whose values may be given without its name."""
    if len(inputs) != 1:
        raise Refused(
            f"{where} is no object, but signature {signature!r} has {len(inputs)} inputs: give "
            f"each by name: {_some(sorted(inputs))}"
        )
    return next(iter(inputs))


def _check_names(given: dict[str, Any], inputs: Inputs, where: str, signature: str) -> None:
    """Refuses names that are too many or too few."""
    if given.keys() == inputs.keys():
        return
    for name in given:
        if name not in inputs:
            hint = did_you_mean(name[:100], inputs)
            known = "" if hint else f". It has: {_some(sorted(inputs))}"
            raise Refused(
                f"{where}: signature {signature!r} has no input {shown(name)}{hint}{known}"
            )
    lacking = sorted(inputs.keys() - given.keys())
    raise Refused(
        f"{where} lacks {_some(lacking)}: every input is given, what is missing as NaN for a "
        f'number and "" for a text'
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(repr, names[:_NAMED])) + more
