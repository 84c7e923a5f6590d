"""The loss of a student: part labels, part the predictions of a teacher."""

from typing import Any

import keras
from keras import ops

from modules.columns import Head
from modules.spec.losses import Distillation
from modules.training.losses import EPSILON, one_hot


def build_distillation(settings: Distillation, head: Head) -> "DistillationLoss":
    """The loss of a student that has a teacher."""
    return DistillationLoss(head.task, settings.temperature, settings.weight, head.std)


@keras.saving.register_keras_serializable(package="headrace")
class DistillationLoss(keras.losses.Loss):
    """What a student of a teacher learns by (Hinton, Vinyals and Dean, 2015).

    `(1 - weight) * loss of the labels + weight * temperature^2 * divergence from the teacher`,
    the divergence being Kullback and Leibler's between the two predictions, softened: Hinton's
    cross-entropy less the teacher's entropy, which no student can change, so that 0 is a match.
    Logits are the logarithms of the probabilities, from which they differ by a constant a row.

    A regression has no temperature: both parts are squared errors in standard deviations.

    Args:
        task: `binary`, `multiclass` or `regression`.
        temperature: above 0; 1 leaves the probabilities as they are.
        weight: of the teacher's part, in [0, 1].
        std: standard deviation of a regression's label.
    """

    def __init__(
        self,
        task: str,
        temperature: float = 2.0,
        weight: float = 0.5,
        std: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"name": "distillation", "dtype": "float32"} | kwargs)
        self.task, self.temperature, self.weight, self.std = task, temperature, weight, std

    def __call__(
        self,
        y_true: Any,
        teacher_prediction: Any,
        student_prediction: Any,
        sample_weight: Any = None,
    ) -> Any:
        """The mean over the batch, a float32 scalar of 0 or more.

        Args:
            y_true: `(batch, 1)`, a class id or a number in the label's unit.
            teacher_prediction: as `modules.models.heads.predict` gives it; no gradient flows here.
            student_prediction: of the same shape.
            sample_weight: `(batch,)` or `(batch, 1)`: what each row's loss is multiplied by.
        """
        predictions = ops.stop_gradient(teacher_prediction), student_prediction
        return super().__call__(y_true, predictions, sample_weight)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Of labels and the two predictions, `(batch,)`."""
        teacher, student = y_pred
        y_true = ops.reshape(y_true, (-1, 1))
        if self.task == "regression":
            taught = ops.squeeze(ops.square((student - teacher) / self.std), -1)
            learned = ops.squeeze(ops.square((student - y_true) / self.std), -1)
        else:
            hard = ops.binary_crossentropy if self.task == "binary" else _sparse_log_loss
            learned = ops.reshape(hard(y_true, student), (-1,))
            taught = self.temperature**2 * self._divergence(teacher, student)
        return (1 - self.weight) * learned + self.weight * taught

    def _divergence(self, teacher: Any, student: Any) -> Any:
        expected, given = self._log_softened(teacher), self._log_softened(student)
        return ops.sum(ops.exp(expected) * (expected - given), axis=-1)

    def _log_softened(self, probabilities: Any) -> Any:
        if self.task == "binary":
            probabilities = ops.concatenate([1 - probabilities, probabilities], -1)
        logits = ops.log(ops.clip(probabilities, EPSILON, 1.0))
        return ops.log_softmax(logits / self.temperature, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """As Keras writes it to a file."""
        own = {name: getattr(self, name) for name in ("task", "temperature", "weight", "std")}
        return {**super().get_config(), **own}


def _sparse_log_loss(y_true: Any, y_pred: Any) -> Any:
    return ops.categorical_crossentropy(one_hot(y_true, y_pred), y_pred)
