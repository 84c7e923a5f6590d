"""The steps of TFT's plan of an analysis, worked out in place, but for what sees rows.

TFT 1.21 turns each step into Beam transforms of its own: 900 of them for 21 features, which cost 15
CPU seconds whatever the rows. Here only what gathers of the rows goes through Beam, as one combine;
the few numbers and words that it leaves are worked on where they are.
"""

import dataclasses
import functools
import os
from collections.abc import Callable
from typing import Any

import keras  # noqa: F401  before tensorflow_transform, which else turns tf.keras into Keras 2
import numpy as np
import tensorflow as tf
from tensorflow_transform import analyzer_nodes, analyzers, nodes
from tensorflow_transform.beam import beam_nodes
from tfx.dsl.io import fileio

from components.transform.accumulating import Accumulators, Counts, Gathering

Pairs = list[tuple[int, bytes]]  # count and word
# Saves a graph: with the results bound so far by tensor name, of which outputs, where.
Save = Callable[[dict[str, tf.Tensor], dict[str, Any], str], None]


class Unsupported(Exception):
    """An analyzer that TFT's own Beam pipeline is needed for."""


_LATER = object()  # a result that waits for a pass over the rows


@dataclasses.dataclass(frozen=True)
class _Tensors:
    """What a saved graph makes of each batch: all, or those of some keys."""

    saved_model: str
    keys: tuple[str, ...] = ()


class Steps(nodes.Visitor):
    """Gives the outputs of each step, or notes what it wants gathered of the rows first.

    Attributes:
        wanted: by the folder of the graph whose outputs they take, by label.
        gathered: by label; given before the plan is visited again.
    """

    def __init__(self, folder: str, save: Save):
        """Takes where graphs and vocabularies are made, and what saves a graph."""
        self.wanted: dict[str, dict[str, Gathering]] = {}
        self.gathered: Accumulators = {}
        self._folder = folder
        self._save = save
        self._saved: dict[str, str] = {}  # folders by the label of the step

    def validate_value(self, value: Any) -> None:
        """Any value will do."""

    def visit(self, operation_def: Any, input_values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The outputs of a step, all `_LATER` if an input is."""
        if any(value is _LATER for value in input_values):
            return (_LATER,) * operation_def.num_outputs
        return self._work(operation_def, *input_values)

    @functools.singledispatchmethod
    def _work(self, step: Any, *_inputs: Any) -> tuple[Any, ...]:
        raise Unsupported(step.label)

    @_work.register
    def _save_graph(
        self, step: beam_nodes.CreateSavedModel, *bindings: tuple[str, tf.Tensor]
    ) -> tuple[str]:
        if step.label not in self._saved:
            place = os.path.join(self._folder, f"graph-{len(self._saved)}")
            self._save(dict(bindings), step.output_signature, place)
            self._saved[step.label] = place
        return (self._saved[step.label],)

    @_work.register
    def _take_rows(self, _step: beam_nodes.ExtractInputForSavedModel) -> tuple[None]:
        return (None,)

    @_work.register
    def _apply(
        self, _step: beam_nodes.ApplySavedModel, saved_model: str, _rows: None
    ) -> tuple[_Tensors]:
        return (_Tensors(saved_model),)

    @_work.register
    def _extract(self, step: beam_nodes.ExtractFromDict, source: Any) -> tuple[Any]:
        if isinstance(source, _Tensors):
            return (_Tensors(source.saved_model, tuple(step.keys)),)
        return (source[step.keys],)

    @_work.register
    def _gather_packed(
        self, step: analyzer_nodes.PackedCombineAccumulate, source: _Tensors
    ) -> tuple[Any]:
        wanted = {part.label: Gathering(part.combiner, part.keys) for part in step.combiners}
        return (self._gather(source, wanted),)

    @_work.register
    def _gather_one(
        self, step: analyzer_nodes.CacheableCombineAccumulate, source: _Tensors
    ) -> tuple[Any]:
        return self._gather_by(step.label, Gathering(step.combiner, source.keys), source)

    @_work.register
    def _count(self, step: analyzer_nodes.VocabularyAccumulate, source: _Tensors) -> tuple[Any]:
        if step.vocab_ordering_type != analyzers._VocabOrderingType.FREQUENCY:
            raise Unsupported(step.label)
        return self._gather_by(step.label, Gathering(Counts(), source.keys), source)

    def _gather_by(self, label: str, gathering: Gathering, source: _Tensors) -> tuple[Any]:
        found = self._gather(source, {label: gathering})
        return (found if found is _LATER else found[label],)

    def _gather(self, source: _Tensors, wanted: dict[str, Gathering]) -> Any:
        if not wanted.keys() <= self.gathered.keys():
            self.wanted.setdefault(source.saved_model, {}).update(wanted)
            return _LATER
        return {label: self.gathered[label] for label in wanted}

    @_work.register
    def _add_key(self, step: analyzer_nodes.AddKey, value: Any) -> tuple[tuple[str, Any]]:
        return ((step.key, value),)

    @_work.register
    def _flatten(self, _step: beam_nodes.Flatten, *values: Any) -> tuple[list[Any]]:
        return (list(values),)

    @_work.register
    def _results(
        self, step: analyzer_nodes.PackedCombineMerge, accumulators: list[tuple[str, Any]]
    ) -> tuple[dict[str, Any]]:
        found = dict(accumulators)
        return (
            {
                part.label: part.combiner.extract_output(found[part.keys[0]])
                for part in step.combiners
            },
        )

    @_work.register
    def _result(self, step: analyzer_nodes.CacheableCombineMerge, accumulator: Any) -> tuple[Any]:
        return (step.combiner.extract_output(accumulator),)

    @_work.register(analyzer_nodes.ExtractCombineMergeOutputs)
    @_work.register(analyzer_nodes.ExtractPackedCombineMergeOutputs)
    def _outputs(self, _step: Any, outputs: Any) -> tuple[Any, ...]:
        return tuple(outputs)

    @_work.register
    def _pairs(
        self, _step: analyzer_nodes.VocabularyMerge, counts: dict[bytes, int]
    ) -> tuple[Pairs]:
        return ([(count, word) for word, count in counts.items()],)

    @_work.register
    def _size(self, _step: analyzer_nodes.VocabularyCount, counts: Pairs) -> tuple[np.int64]:
        return (np.int64(max(len(counts), 1)),)  # an empty vocabulary is written with one word

    @_work.register
    def _prune(self, step: analyzer_nodes.VocabularyPrune, counts: Pairs) -> tuple[Pairs]:
        if step.key_fn or step.input_dtype != tf.string.name:
            raise Unsupported(step.label)
        kept = [pair for pair in counts if pair[0] >= step.frequency_threshold]
        return (kept if step.top_k is None else sorted(kept, reverse=True)[: step.top_k],)

    @_work.register
    def _write(
        self, step: analyzer_nodes.VocabularyOrderAndWrite, counts: Pairs, *reserved: Any
    ) -> tuple[np.ndarray]:
        if reserved or step.fingerprint_shuffle or step.file_format != "text":
            raise Unsupported(step.label)
        pairs = sorted(counts, reverse=True)
        pairs = pairs or [analyzers.get_empy_vocabulary_dummy_value(step.input_dtype)]
        path = os.path.join(self._folder, step.vocab_filename)
        with fileio.open(path, "wb") as file:
            for count, word in pairs:
                prefix = b"%d " % count if step.store_frequency else b""
                file.write(prefix + tf.compat.as_bytes(word) + b"\n")
        return (np.array(path),)

    @_work.register
    def _bind(
        self, step: beam_nodes.CreateTensorBinding, value: Any
    ) -> tuple[tuple[str, tf.Tensor]]:
        return ((step.tensor_name, tf.constant(value, tf.dtypes.as_dtype(step.dtype_enum))),)
