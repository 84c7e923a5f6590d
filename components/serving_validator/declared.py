"""Whether a model has the signatures that its clients call."""

from collections.abc import Iterator, Mapping

import tensorflow as tf

from components.serving_validator.answers import Signature, Tensor
from components.serving_validator.probe import SCORING, TRANSFORMING
from modules.export import outputs
from modules.spec.features import argument_name
from modules.spec.label import Label
from modules.spec.learning import Interface

_EXPORT = "Export the model with modules/export.py, which writes all three"
_DTYPES = {"number": "float32", "text": "string", "time": "string"}


def expected(interface: Interface) -> dict[str, Signature]:
    """What each signature has to declare, by name; `transform_features` gives any outputs."""
    examples = {"examples": Tensor(dtype="string", shape=(None,))}
    raw = {
        argument_name(name): Tensor(dtype=_DTYPES[kind], shape=(None, 1))
        for name, kind in interface.columns.items()
    }
    answered = predictions(interface.label)
    return {
        "serving_default": Signature(inputs=examples, outputs=answered),
        "serving_raw": Signature(inputs=raw, outputs=answered),
        TRANSFORMING: Signature(inputs=examples, outputs={}),
    }


def predictions(label: Label) -> dict[str, Tensor]:
    """What a prediction for the label consists of, by name."""
    width = max(1, len(label.classes) if label.task == "multiclass" else len(label.quantiles))
    return {
        name: Tensor(dtype=tensor.dtype.name, shape=(None, *tensor.shape[1:]))
        for name, tensor in outputs(tf.zeros([1, width]), label).items()
    }


def problems(found: Mapping[str, Signature], interface: Interface) -> dict[str, list[str]]:
    """By signature that is not as it has to be, a sentence for each thing wrong with it."""
    wrong: dict[str, list[str]] = {}
    for name, wanted in expected(interface).items():
        if name in found:
            sentences = [*_inputs(name, found[name], wanted), *_outputs(name, found[name], wanted)]
        else:
            sentences = [
                f"{name}: the model has no such signature, got {', '.join(found) or 'none'}, "
                f"expected {', '.join((*SCORING, TRANSFORMING))}. "
                f"{_EXPORT}"
            ]
        if sentences:
            wrong[name] = sentences
    return wrong


def fits(found: Tensor, wanted: Tensor) -> bool:
    """Whether a tensor can be what is wanted; sizes that are not declared may be any."""
    if found.dtype != wanted.dtype:
        return False
    if found.shape is None or wanted.shape is None:
        return True
    return len(found.shape) == len(wanted.shape) and all(
        size in (None, other) or other is None
        for size, other in zip(found.shape, wanted.shape, strict=True)
    )


def _inputs(name: str, found: Signature, wanted: Signature) -> Iterator[str]:
    for key, tensor in wanted.inputs.items():
        if key not in found.inputs:
            yield (
                f"{name}: takes no input {key!r}, got {', '.join(found.inputs) or 'none'}, "
                f"expected {tensor}. {_EXPORT}"
            )
        elif not fits(found.inputs[key], tensor):
            yield (
                f"{name}: takes {key!r} as {found.inputs[key]}, expected {tensor}, which is what "
                f"clients send. {_EXPORT}"
            )
    for key in found.inputs:
        if key not in wanted.inputs:
            yield (
                f"{name}: asks for an input {key!r} that is no feature of the spec, so no client "
                f"sends it. {_EXPORT}"
            )


def _outputs(name: str, found: Signature, wanted: Signature) -> Iterator[str]:
    for key, tensor in wanted.outputs.items():
        if key not in found.outputs:
            yield (
                f"{name}: answers without {key!r}, got {', '.join(found.outputs) or 'nothing'}, "
                f"expected {tensor}. {_EXPORT}"
            )
        elif not fits(found.outputs[key], tensor):
            yield (
                f"{name}: answers {key!r} as {found.outputs[key]}, expected {tensor}. Let the "
                f"model's last layer give that"
            )
