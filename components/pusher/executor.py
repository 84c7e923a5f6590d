"""Pushes a blessed model so that a reader never sees half of it."""

import logging
import pathlib
from typing import Any

from tfx.components.pusher import executor
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils
from tfx.types import standard_component_specs as keys
from tfx.utils import proto_utils

from components.pusher import prediction
from components.pusher.config import Settings
from components.pusher.place import place
from components.pusher.provenance import manifest

_LOG = logging.getLogger(__name__)


class Executor(executor.Executor):
    """TFX's Pusher, writing beside the destination, checking, and renaming into place.

    TFX's own copies file by file into the version's folder (1.21.0,
    tfx/components/pusher/executor.py), so a full disk leaves a version that cannot be loaded
    beside those that can.
    """

    def Do(  # noqa: N802  TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model if it is blessed; what was pushed before is left as it is."""
        pushed = artifact_utils.get_single_instance(output_dict[keys.PUSHED_MODEL_KEY])
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        destination = pusher_pb2.PushDestination()
        proto_utils.json_to_proto(exec_properties[keys.PUSH_DESTINATION_KEY], destination)
        settings = Settings.model_validate_json(exec_properties[keys.CUSTOM_CONFIG_KEY])
        there = place(destination.filesystem.base_directory)
        model = pathlib.Path(self.GetModelPath(input_dict))
        origin = manifest(input_dict, model, settings, self._context)
        version = there.put(model, origin, prediction.check)
        try:
            gone = there.trim(settings.keep)
            _LOG.info("Removed old versions: %s.", gone or "none")
        except OSError as error:  # the push is done: the next one may remove them
            _LOG.warning("Old versions stay: %s.", error)
        self._MarkPushed(
            pushed, pushed_destination=f"{there.uri}/{version}", pushed_version=str(version)
        )
