"""Converts a model to every format that is asked for, and holds each against the SavedModel."""

import logging
import math
import pathlib
from collections.abc import Mapping

import numpy as np

from components.converter import litert, onnx
from components.converter.config import FILES, INT8, ConverterSettings, Format
from components.converter.network import Network, Unconvertible
from components.converter.report import Converted, Report
from components.converter.scale import BATCH, Scale
from components.converter.scoring import Predict
from modules.progress import LOGGER
from modules.training.examples import Examples
from modules.training.parity import BOUNDS as ROUNDING

_LOG = logging.getLogger(__name__)
_CALIBRATION = 500  # rows of the train split that ranges of int8 are taken from
# How far any prediction may be off. Where numbers are rounded as in training, as far as there; for
# int8, measured: docs/decisions/formats.md.
BOUNDS: dict[str, float] = {
    "litert": ROUNDING["float32"],
    "litert-float16": ROUNDING["float16"],
    INT8: 0.1,
    "onnx": ROUNDING["float32"],
}


def convert(
    network: Network,
    examples: Examples,
    train: Examples | None,
    settings: ConverterSettings,
    folder: pathlib.Path,
) -> Report:
    """Writes a file for each format that can be made, and says how each stands.

    Args:
        network: what is converted.
        examples: the eval split, transformed.
        train: the train split, transformed; int8 needs it.
        settings: which formats, and their bounds.
        folder: where the files go.
    """
    scale = Scale(network, examples, settings.metric)
    rows = {} if train is None else _spread(train, network)
    bounds = BOUNDS | settings.export.max_difference
    made = []
    for name in settings.export.formats:
        LOGGER.info(f"making {name}")
        made.append(_converted(name, bounds[name], scale, rows, folder / FILES[name]))
        LOGGER.info(made[-1].says)
    size = sum(path.stat().st_size for path in network.folder.rglob("*") if path.is_file())
    return Report(
        rows=examples.rows,
        batch_rows=min(BATCH, examples.rows),
        metric=settings.metric,
        unit=scale.unit,
        inputs=dict(network.inputs),
        output=network.output,
        saved_model=scale.figures(network, scale.expected, size),
        formats=tuple(made),
    )


def _spread(train: Examples, network: Network) -> dict[str, np.ndarray]:
    """Rows from the whole of the split, whatever its order."""
    places = np.linspace(0, train.rows - 1, min(_CALIBRATION, train.rows)).astype(np.int64)
    return {name: train[name][places] for name in network.inputs}


def _converted(
    name: Format,
    bound: float,
    scale: Scale,
    rows: Mapping[str, np.ndarray],
    file: pathlib.Path,
) -> Converted:
    try:
        file.write_bytes(_content(name, scale.network, rows))
        predict = _opened(name, file, scale.network)
        predicted = scale.predictions(predict)
        figures = scale.figures(predict, predicted, file.stat().st_size)
    except OSError:  # such as a full disk, which says nothing of the model
        raise
    except Exception as error:
        # Converters and runtimes raise anything; the other formats are made all the same.
        _LOG.exception("%s cannot be made.", name)
        file.unlink(missing_ok=True)
        says = f"{name} cannot be made of this model: {_reason(error)}. Leave it out of "
        return Converted(format=name, holds=False, says=f"{says}export.formats", bound=bound)
    off = scale.differences(predicted)
    largest = float(off.max())
    holds = largest <= bound  # so that NaN fails, too
    return Converted(
        format=name,
        holds=holds,
        says=_sentence(name, largest, bound, scale, holds),
        bound=bound,
        file=file.name,
        largest_difference=largest if math.isfinite(largest) else None,
        mean_difference=float(off.mean()) if math.isfinite(largest) else None,
        figures=figures,
    )


def _content(name: Format, network: Network, rows: Mapping[str, np.ndarray]) -> bytes:
    return onnx.convert(network) if name == "onnx" else litert.convert(network, name, rows)


def _opened(name: Format, file: pathlib.Path, network: Network) -> Predict:
    opened = onnx.Session if name == "onnx" else litert.Interpreter
    return opened(file, network)


def _reason(error: Exception) -> str:
    if isinstance(error, Unconvertible):
        return str(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'it does not say why'}"


def _sentence(name: Format, largest: float, bound: float, scale: Scale, holds: bool) -> str:
    rows = f"{scale.examples.rows:,} rows of the eval split"
    says = f"{name} differs from the SavedModel by up to {largest:.3g} ({scale.unit}) in {rows}"
    if holds:
        return f"{says}, within {bound:g}"
    return (
        f"{says}, expected at most {bound:g}. Leave it out of export.formats, or allow more with "
        f"export.max_difference.{name}"
    )
