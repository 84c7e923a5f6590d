"""What `[model]` and `[training]` do not allow together, and with label and features."""

from collections.abc import Iterator, Sequence

from modules.errors import did_you_mean
from modules.spec.callbacks import EarlyStopping, ReduceLrOnPlateau, active
from modules.spec.features import Bucketized, Categorical, Features, Hashed
from modules.spec.label import Label
from modules.spec.learning import LearningSpec
from modules.spec.losses import Focal, Loss
from modules.spec.metrics import Metric, TopK, called, watched
from modules.spec.model import Model, WideAndDeep
from modules.spec.optimizers import Constant
from modules.spec.part import Part
from modules.spec.training import Training


def contradictions(spec: LearningSpec) -> Iterator[str]:
    """One sentence for each: key path, value got, what is expected."""
    yield from _in_loss(spec.training.loss, spec.label)
    yield from _in_metrics(spec.training.metrics, spec.label)
    yield from _in_callbacks(spec.training, spec.label)
    yield from _in_class_weights(spec.training, spec.label)
    if spec.preprocessing.function is None:  # else nobody knows the columns yet
        yield from _in_crosses("model", spec.model, spec.features)
        teacher = getattr(spec.training.loss, "teacher", None)
        yield from _in_crosses("training.loss.teacher", teacher, spec.features)


def _in_crosses(key: str, model: Model | None, features: Features) -> Iterator[str]:
    able = [
        name
        for name, feature in features.items()
        if isinstance(feature, Bucketized | Categorical | Hashed)
    ]
    crosses = model.crosses if isinstance(model, WideAndDeep) else ()
    for name in dict.fromkeys(name for cross in crosses for name in cross):
        if name not in able:
            what = f"of kind {features[name].kind!r}" if name in features else "no feature"
            yield (
                f"{key}.crosses: {name!r} is {what}, expected one of {', '.join(able) or 'none'}: "
                f"categories and buckets{did_you_mean(name, able)}"
            )


def _in_loss(loss: Loss | None, label: Label) -> Iterator[str]:
    if loss is None:
        return
    if label.task == "quantile":
        yield (
            f"training.loss: got {loss.name!r}, and the label's task is 'quantile', which has its "
            f"own; leave it out"
        )
    elif label.task not in loss.tasks:
        yield (
            f"training.loss: {loss.name!r} is for task {_either(loss.tasks)}, and the label's "
            f"task is {label.task!r}"
        )
    elif isinstance(loss, Focal) and loss.alpha is not None:
        count = 1 if isinstance(loss.alpha, float) else len(loss.alpha)
        one = label.task == "binary" and isinstance(loss.alpha, float)
        if not one and count != len(label.classes):
            yield (
                f"training.loss.alpha: got {count} {'weight' if count == 1 else 'weights'}, "
                f"expected a list with one for each of the label's {len(label.classes)} classes"
            )
    elif label.task == "regression" and _says(loss, "temperature"):
        yield (
            "training.loss.temperature: softens probabilities, and the label's task is "
            "'regression'; leave it out"
        )


def _in_metrics(metrics: Sequence[Metric], label: Label) -> Iterator[str]:
    for index, metric in enumerate(metrics):
        key = f"training.metrics[{index}]"
        if called(metric) in (called(other) for other in metrics[:index]):
            yield f"{key}: {called(metric)!r} is there twice; keep one of the two"
        if label.task not in metric.tasks:
            yield (
                f"{key}: {metric.name!r} is for task {_either(metric.tasks)}, and the label's "
                f"task is {label.task!r}"
            )
        elif isinstance(metric, TopK) and metric.k >= len(label.classes):
            yield (
                f"{key}.k: got {metric.k}, expected less than the label's "
                f"{len(label.classes)} classes; every class would be right"
            )
        elif label.task == "multiclass" and _says(metric, "threshold"):
            yield f"{key}.threshold: of several classes the likeliest is taken; leave it out"


def _in_callbacks(training: Training, label: Label) -> Iterator[str]:
    known = ["loss", *(called(metric) for metric in watched(training.metrics, label.task))]
    known = [f"val_{name}" for name in known] + known
    for index, callback in enumerate(training.callbacks):
        key = f"training.callbacks[{index}]"
        if callback.name in (other.name for other in training.callbacks[:index]):
            yield f"{key}: {callback.name!r} is there twice; keep one of the two"
        monitor = getattr(callback, "monitor", None)
        if monitor is not None and monitor not in known:
            yield (
                f"{key}.monitor: got {monitor!r}, expected one of {', '.join(known)}"
                f"{did_you_mean(monitor, known) or '.'} Others are added by training.metrics"
            )
        if isinstance(callback, EarlyStopping):
            yield from _in_stopping(key, callback, training)
        if isinstance(callback, ReduceLrOnPlateau):
            yield from _in_reduction(key, callback, training)


def _in_stopping(key: str, callback: EarlyStopping, training: Training) -> Iterator[str]:
    if training.steps is None and callback.start_from_epoch >= training.epochs:
        yield (
            f"{key}.start_from_epoch: got {callback.start_from_epoch}, expected less than "
            f"training.epochs, {training.epochs}; no epoch would be looked at"
        )


def _in_reduction(key: str, callback: ReduceLrOnPlateau, training: Training) -> Iterator[str]:
    if not isinstance(training.schedule, Constant):
        yield (
            f"{key}: 'reduce_lr_on_plateau' sets the learning rate, and so does schedule "
            f"{training.schedule.name!r}; leave one out, or say training.schedule = 'constant'"
        )
    (stopping,) = (
        other for other in active(training.callbacks) if isinstance(other, EarlyStopping)
    )
    stops_first = (
        stopping.monitor == callback.monitor
        and stopping.start_from_epoch == 0
        and stopping.min_delta >= callback.min_delta
        and stopping.patience <= callback.patience
    )
    if stops_first:
        yield (
            f"{key}.patience: got {callback.patience}, expected less than the "
            f"{stopping.patience} of early_stopping, which would always end training first"
        )


def _in_class_weights(training: Training, label: Label) -> Iterator[str]:
    wanted = training.class_weights
    if wanted is not None and not label.classes:
        yield f"training.class_weights: the label's task, {label.task!r}, has no classes"
    elif isinstance(wanted, dict):
        for name in wanted:
            if name not in label.classes:
                yield (
                    f"training.class_weights: {name!r} is no class of the label, expected one of "
                    f"{', '.join(label.classes)}{did_you_mean(name, label.classes)}"
                )


def _says(part: Part, key: str) -> bool:
    """Whether the spec itself gives a key."""
    return key in part.model_fields_set


def _either(words: Sequence[str]) -> str:
    return " or ".join(repr(word) for word in words)
