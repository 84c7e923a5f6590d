"""Every parameter that the spec has is one of what is built from it."""

import inspect
import typing

import keras
import pytest

from modules.columns import Head
from modules.spec import callbacks, losses, metrics, optimizers
from modules.spec.label import Label
from modules.training.callbacks import build_callbacks
from modules.training.distillation import build_distillation
from modules.training.losses import Standardized, build_loss
from modules.training.metrics import build_metrics
from modules.training.optimizers import build_optimizer
from modules.training.schedules import build_schedule

UNIONS = {
    "loss": losses.Loss,
    "optimizer": optimizers.Optimizer,
    "schedule": optimizers.Schedule,
    "metric": metrics.Metric,
    "callback": callbacks.Callback,
}
NEEDED = {"distillation": {"teacher": {"family": "mlp"}}}
CLASSES = {"binary": ["0", "1"], "multiclass": list("abcdefgh"), "regression": []}
# Where half the default, or the other of two, is no valid value, or changes nothing.
OTHERS = {
    ("sgd", "nesterov"): {"nesterov": True, "momentum": 0.9},
    ("focal", "alpha"): {"alpha": 0.25},
    ("piecewise", "boundaries"): {"boundaries": [0.2, 0.3]},
    ("piecewise", "factors"): {"factors": [1.0, 0.5, 0.1]},
    ("model_checkpoint", "monitor"): {"monitor": "val_auc"},
    ("early_stopping", "monitor"): {"monitor": "val_auc"},
    ("reduce_lr_on_plateau", "monitor"): {"monitor": "val_auc"},
    ("csv_logger", "separator"): {"separator": ";"},
    ("tensorboard", "update_freq"): {"update_freq": "batch"},
    ("auc", "curve"): {"curve": "pr"},
}
NO_NULL = "None in Keras, which TOML cannot say; 0 is handed on as None"
OF_STEPS = "a share of the steps, which the Keras class wants as a number of them"
REASONS = {
    ("sgd", "weight_decay"): NO_NULL,
    ("lion", "weight_decay"): NO_NULL,
    ("lamb", "weight_decay"): NO_NULL,
    ("adamw", "weight_decay"): "Keras's 0.004 is much for a small network; as in earlier runs",
    ("muon", "weight_decay"): "as adamw",
    ("cosine", "warmup"): OF_STEPS,
    ("cosine", "final"): "called alpha in Keras, where it is 0 too",
    ("exponential", "decay_steps"): OF_STEPS,
    ("exponential", "decay_rate"): "Keras has no default",
    ("piecewise", "boundaries"): OF_STEPS,
    ("piecewise", "factors"): "Keras has no default",
    ("linear", "final"): "a share of the learning rate; Keras ends at a fixed number",
    ("polynomial", "final"): "as linear",
    ("polynomial", "power"): "Keras's 1 is linear, which has its own name",
    ("auc", "curve"): "ROC in Keras",
    ("auc", "thresholds"): "called num_thresholds in Keras, where it is 200 too",
    ("precision", "threshold"): "called thresholds in Keras, where None is 0.5",
    ("recall", "threshold"): "as precision",
    ("f1", "threshold"): "None in Keras: the likeliest class, which of one is always that one",
    ("pinball", "quantile"): "Keras has no such metric",
    ("early_stopping", "patience"): "Keras's 0 stops at the first worse epoch",
    ("reduce_lr_on_plateau", "patience"): "Keras's 10 is later than early_stopping ends training",
    ("reduce_lr_on_plateau", "min_delta"): "as early_stopping: no unit of a loss is known here",
    ("model_checkpoint", "save_best_only"): "the best weights are what a run is for",
    ("tensorboard", "write_graph"): "a graph costs seconds and megabytes a run",
}


def arms():
    for union in UNIONS.values():
        yield from typing.get_args(typing.get_args(union)[0])


def parameters(arm):
    return [name for name in arm.model_fields if name not in ("name", "teacher")]


def settings_of(arm, **values):
    name = arm.model_fields["name"].default
    return arm.model_validate({"name": name, **NEEDED.get(name, {}), **values})


def build(settings, folder):
    """What the spec's words become, for the first task that they are for."""
    for kind, union in UNIONS.items():
        if type(settings) not in typing.get_args(typing.get_args(union)[0]):
            continue
        match kind:
            case "loss":
                head = Head(settings.tasks[0], 8, 2.0, 3.0)
                if isinstance(settings, losses.Distillation):
                    return build_distillation(settings, head)
                loss = build_loss(settings, head)
                return loss.loss if isinstance(loss, Standardized) else loss
            case "optimizer":
                return build_optimizer(settings, 0.1)
            case "schedule":
                return build_schedule(settings, 0.1, 100)
            case "metric":
                task = settings.tasks[0]
                label = Label(column="y", task=task, classes=CLASSES[task])
                return {m.name: m for m in build_metrics([settings], label)}[
                    metrics.called(settings)
                ]
            case _:
                built = build_callbacks([settings], folder)
                return built[[c.name for c in callbacks.active([settings])].index(settings.name)]
    raise ValueError(settings)


def described(built):
    """All that tells one from another built of the same class."""
    if hasattr(built, "get_config") and not isinstance(built, keras.callbacks.Callback):
        return built.get_config()
    simple = (str, int, float, bool, tuple, type(None))
    return {name: value for name, value in vars(built).items() if isinstance(value, simple)}


def other(arm, name):
    """Another value than the default."""
    key = (arm.model_fields["name"].default, name)
    default = arm.model_fields[name].default
    if key in OTHERS:
        return OTHERS[key]
    if isinstance(default, bool):
        return {name: not default}
    return {name: default + 1} if isinstance(default, int) else {name: default / 2 or 0.25}


@pytest.mark.parametrize("arm", list(arms()), ids=lambda arm: arm.model_fields["name"].default)
def test_every_parameter_reaches_what_is_built(arm, tmp_path):
    plain = build(settings_of(arm), tmp_path)

    for name in parameters(arm):
        changed = build(settings_of(arm, **other(arm, name)), tmp_path)
        assert type(changed) is type(plain)
        assert described(changed) != described(plain), name


def test_a_default_is_that_of_keras_unless_there_is_a_reason(tmp_path):
    differing = set()
    for arm in arms():
        built = build(settings_of(arm), tmp_path)
        if isinstance(built, float):
            continue
        accepted = inspect.signature(type(built).__init__).parameters
        for name in parameters(arm):
            default = arm.model_fields[name].default
            if name not in accepted or accepted[name].default != default:
                differing.add((arm.model_fields["name"].default, name))

    assert differing == set(REASONS)
