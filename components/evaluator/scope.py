"""Which evaluations are done in columns; the others are left to TFX's own executor."""

import dataclasses
import os
from typing import Any

import pydantic
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_model_analysis.evaluators import poisson_bootstrap
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils import config_util
from tfx.dsl.io import fileio
from tfx.types import standard_component_specs as keys
from tfx.utils import io_utils, path_utils, proto_utils

from components.evaluator.computations import Computations, computations
from components.evaluator.scoring import Served
from components.signature import SIGNATURE
from modules.preprocessing import transformed
from modules.spec.features import argument_name
from modules.spec.learning import Interface

# What of each message of an EvalConfig we know the meaning of.
_KNOWN = {
    "EvalConfig": {"model_specs", "slicing_specs", "metrics_specs", "options"},
    "Options": {"min_slice_size", "compute_confidence_intervals", "confidence_intervals"},
    "ModelSpec": {
        "name", "signature_name", "label_key", "prediction_key", "is_baseline",
        "preprocessing_function_names", "example_weight_key",
    },
    "SlicingSpec": {"feature_keys"},
    "MetricsSpec": {
        "metrics", "model_names", "thresholds", "per_slice_thresholds", "example_weights",
    },
}  # fmt: skip
_TRANSFORM = "transform_features"
_BOOTSTRAP = config_pb2.ConfidenceIntervalOptions.POISSON_BOOTSTRAP


class ByRows(Exception):
    """The evaluation is none that is done in columns; says why."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """An evaluation that is done in columns."""

    eval_config: Any  # with TFMA's defaults in place
    models: dict[str, Served]  # by their names in the config
    slices: tuple[tuple[str, ...], ...]  # the columns that are crossed, in alphabetical order
    computations: Computations
    samples: int  # of the bootstrap, beside the rows as they are

    @property
    def candidate(self) -> tuple[str, Served]:
        """The model that is judged, and its name in the config."""
        baselines = {spec.name for spec in self.eval_config.model_specs if spec.is_baseline}
        return next(each for each in self.models.items() if each[0] not in baselines)

    @property
    def columns(self) -> list[str]:
        """Those that slices are made of."""
        return sorted({name for names in self.slices for name in names})


def plan(input_dict: dict[str, list[Any]], exec_properties: dict[str, Any]) -> Plan:
    """How the evaluation is done in columns.

    Raises:
        ByRows: if it is not.
    """
    if exec_properties.get(keys.MODULE_PATH_KEY) or exec_properties.get(keys.MODULE_FILE_KEY):
        raise ByRows("a module of the user's takes part")
    config = _eval_config(input_dict, exec_properties)
    samples = _samples(config.options)
    slices = dict.fromkeys(tuple(sorted(set(spec.feature_keys))) for spec in config.slicing_specs)
    models = {spec.name if len(config.model_specs) > 1 else "": spec for spec in config.model_specs}
    served = {
        name: _served(spec, input_dict, set().union(*slices)) for name, spec in models.items()
    }
    tasks = {name: model.interface.label.task for name, model in served.items()}
    found = computations(config, tasks)
    if isinstance(found, str):
        raise ByRows(f"it asks for {found}")
    if len(input_dict.get(keys.EXAMPLES_KEY, ())) != 1:
        raise ByRows(f"its input {keys.EXAMPLES_KEY} is not one artifact")
    return Plan(config, served, tuple(slices) or ((),), found, samples)


def given_config(exec_properties: dict[str, Any]) -> Any:
    """The EvalConfig that an execution was given, or None."""
    text = exec_properties.get(keys.EVAL_CONFIG_KEY)
    return proto_utils.json_to_proto(text, config_pb2.EvalConfig()) if text else None


def _samples(options: Any) -> int:
    """How many samples of the bootstrap are asked for."""
    if not options.compute_confidence_intervals.value:
        return 0
    if options.confidence_intervals.method != _BOOTSTRAP:
        raise ByRows("its confidence intervals are not those of the bootstrap")
    return poisson_bootstrap.DEFAULT_NUM_BOOTSTRAP_SAMPLES


def _eval_config(input_dict: dict[str, list[Any]], exec_properties: dict[str, Any]) -> Any:
    given = given_config(exec_properties)
    if given is None:
        raise ByRows("it has no EvalConfig")
    # As TFX's executor: without a baseline, changes are not judged.
    config = config_util.update_eval_config_with_defaults(
        given, has_baseline=bool(input_dict.get(keys.BASELINE_MODEL_KEY)), rubber_stamp=True
    )
    config_util.verify_eval_config(config)
    parts = (*config.model_specs, *config.slicing_specs, *config.metrics_specs, config.options)
    for message in (config, *parts):
        kind = message.DESCRIPTOR.name
        more = {field.name for field, _ in message.ListFields()} - _KNOWN[kind]
        if more:
            raise ByRows(f"its {kind} has {', '.join(sorted(more))}")
    return config


def _served(spec: Any, input_dict: dict[str, list[Any]], slices: set[str]) -> Served:
    """The model of a ModelSpec, if it answers for columns what the spec asks of tf.Examples."""
    key = keys.BASELINE_MODEL_KEY if spec.is_baseline else keys.MODEL_KEY
    if len(input_dict.get(key, ())) != 1:
        raise ByRows(f"its input {key} is not one model")
    (artifact,) = input_dict[key]
    old = path_utils.is_old_model_artifact(artifact)
    folder = path_utils.serving_model_path(artifact.uri, old)
    interface, signatures = _interface(folder), _signatures(folder)
    answers, made = set(signatures[SIGNATURE].outputs), set(signatures[_TRANSFORM].outputs)
    fits = {
        "signature_name": spec.signature_name in ("", "serving_default"),
        "preprocessing_function_names": list(spec.preprocessing_function_names) == [_TRANSFORM],
        "label_key": spec.label_key == transformed(interface.label.column),
        "prediction_key": spec.prediction_key in answers,
        "slicing_specs": not made & slices,  # TFMA slices by transformed columns first
    }
    for field, is_so in fits.items():
        if not is_so:
            raise ByRows(f"its {field} asks for what {folder} has not in columns")
    if {argument_name(name) for name in interface.columns} != set(signatures[SIGNATURE].inputs):
        raise ByRows(f"{folder} takes other columns than {Interface.FILE} says")
    return Served(folder, interface, spec.prediction_key, spec.example_weight_key or None)


def _interface(folder: str) -> Interface:
    path = os.path.join(folder, Interface.FILE)
    if not fileio.exists(path):
        raise ByRows(f"{folder} has no {Interface.FILE}")
    try:
        return Interface.model_validate_json(io_utils.read_string_file(path))
    except pydantic.ValidationError as error:
        raise ByRows(f"{folder} has a {Interface.FILE} of another version") from error


def _signatures(folder: str) -> dict[str, Any]:
    """The signatures of a SavedModel by name, without loading it."""
    with fileio.open(os.path.join(folder, "saved_model.pb"), "rb") as file:
        saved = saved_model_pb2.SavedModel.FromString(file.read())
    found = dict(saved.meta_graphs[0].signature_def)
    missing = {SIGNATURE, _TRANSFORM} - set(found)
    if missing:
        raise ByRows(f"{folder} has no signature {', '.join(sorted(missing))}")
    return found
