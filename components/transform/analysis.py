"""The analysis of a preprocessing function: TFT's own plan, with one pass over the rows a phase."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras  # noqa: F401  before tensorflow_transform, which else turns tf.keras into Keras 2
import tensorflow as tf
from tensorflow_transform import annotators, graph_tools, impl_helper, nodes
from tensorflow_transform.beam import analysis_graph_builder
from tfx_bsl.public import tfxio

from components.transform.accumulating import Accumulators, Gathering
from components.transform.steps import Steps

# Gathers of the rows, given the folder of the graph that makes the analyzers' inputs of them.
Gather = Callable[[str, dict[str, Gathering]], Accumulators]


@dataclasses.dataclass(frozen=True)
class Analysis:
    """What an analysis gives."""

    saved_model: str  # folder of the graph with all results in it
    assets: dict[str, str]  # file names by asset key


def analyze(
    preprocessing_fn: Callable[..., Any],
    config: tfxio.TensorAdapterConfig,
    folder: str,
    gather: Gather,
) -> Analysis:
    """The transform graph of a preprocessing function.

    Args:
        preprocessing_fn: columns in, columns out.
        config: how rows become tensors.
        folder: where graphs and vocabularies are made.
        gather: makes a pass over the rows to analyze.

    Raises:
        Unsupported: if an analyzer needs more than counts and combiners.
    """
    specs = tfxio.TensorAdapter(config).OriginalTypeSpecs()
    graph, inputs, outputs = impl_helper.trace_preprocessing_function(
        preprocessing_fn, specs, use_tf_compat_v1=False, base_temp_dir=folder
    )
    assets = annotators.get_asset_annotations(graph)
    annotators.clear_asset_annotations(graph)
    fingerprint = graph_tools.get_analyzers_fingerprint(graph, inputs)
    plan, _, _ = analysis_graph_builder.build(graph, inputs, outputs)

    def save(bindings: dict[str, tf.Tensor], signature: dict[str, Any], place: str) -> None:
        # Without names it saves all that the function returns, sparse columns too.
        dense = all(isinstance(output, tf.Tensor) for output in signature.values())
        names = {key: output.name for key, output in signature.items()} if dense else {}
        impl_helper.trace_and_write_v2_saved_model(
            place, preprocessing_fn, specs, folder, fingerprint, bindings, names, None
        )

    steps = Steps(folder, save)
    while True:
        saved_model = nodes.Traverser(steps).visit_value_node(plan)
        if not steps.wanted:
            return Analysis(saved_model, assets)
        for source, gatherings in steps.wanted.items():
            steps.gathered.update(gather(source, gatherings))
        steps.wanted.clear()
