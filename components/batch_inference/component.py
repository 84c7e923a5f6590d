"""BatchInference: what an exported model answers to Examples, for a DAG of your own."""

import json
from collections.abc import Sequence

from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.batch_inference.executor import (
    BLESSING,
    EXAMPLES,
    KEEP,
    MODEL,
    RESULT,
    SPLITS,
    Executor,
)


class _Spec(ComponentSpec):
    PARAMETERS = {  # noqa: RUF012  as TFX's own
        SPLITS: ExecutionParameter(type=str),
        KEEP: ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        EXAMPLES: ChannelParameter(type=standard_artifacts.Examples),
        MODEL: ChannelParameter(type=standard_artifacts.Model),
        BLESSING: ChannelParameter(type=standard_artifacts.ModelBlessing, optional=True),
    }
    OUTPUTS = {  # noqa: RUF012
        RESULT: ChannelParameter(type=standard_artifacts.InferenceResult)
    }


class BatchInference(BaseBeamComponent):
    """Scores Examples with a model of ours; TFX's BulkInferrer fails with exports of Keras 3.

    The output `inference_result` holds Parquet files for each split, a row a row of the split: the
    columns that are kept, and what the signature `serving_raw` answers.
    """

    SPEC_CLASS = _Spec
    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: BaseChannel,
        model: BaseChannel,
        model_blessing: BaseChannel | None = None,
        splits: Sequence[str] = (),
        keep: Sequence[str] = (),
    ):
        """Takes what is scored and by what.

        Args:
            examples: rows; a column of the model's that they lack is missing in all of them.
            model: as our Trainer exports it.
            model_blessing: of the model; if it is not blessed, nothing is written.
            splits: the splits to score; none: all.
            keep: columns of the Examples that go beside the scores, as text, such as keys that
                `data.carry` put there.
        """
        super().__init__(
            _Spec(
                **{
                    EXAMPLES: examples,
                    MODEL: model,
                    BLESSING: model_blessing,
                    SPLITS: json.dumps(list(splits)),
                    KEEP: json.dumps(list(keep)),
                    RESULT: Channel(type=standard_artifacts.InferenceResult),
                }
            )
        )
