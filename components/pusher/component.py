"""Pusher: a version appears whole or not at all, says where it comes from, and old ones go."""

from typing import ClassVar

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.proto import pusher_pb2
from tfx.types import BaseChannel, Channel, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter

from components.pusher.config import Settings
from components.pusher.executor import Executor


class _Spec(standard_component_specs.PusherSpec):
    """That of TFX's Pusher, and an input more."""

    INPUTS: ClassVar[dict[str, ChannelParameter]] = {
        **standard_component_specs.PusherSpec.INPUTS,
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics, optional=True),
    }


class Pusher(BaseComponent):
    """Gives what TFX's Pusher does."""

    SPEC_CLASS = _Spec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(self, destination: str, settings: Settings, **inputs: BaseChannel | None) -> None:
        """Pushes a model, if it is blessed, to a folder or a place in an object store.

        Args:
            destination: the folder or URI.
            settings: all else.
            inputs: `model` of the Trainer; `model_blessing` and `infra_blessing`, each of which has
                to be given for a push, if there is one; `statistics` of the data that it was
                trained on, which the manifest tells of.
        """
        folder = pusher_pb2.PushDestination.Filesystem(base_directory=destination)
        super().__init__(
            _Spec(
                **inputs,
                push_destination=pusher_pb2.PushDestination(filesystem=folder),
                custom_config=settings.model_dump_json(),
                pushed_model=Channel(type=standard_artifacts.PushedModel),
            )
        )
