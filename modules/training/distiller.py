"""A student that learns from a teacher's predictions as well as from the labels.

Also the example of a `train_step` of one's own: what it leaves to Keras (the loss's share of each
replica, loss scaling, the order of gradient and update) is right under every strategy.
"""

from typing import Any

import keras

from modules.models.ensemble import as_rows, repeated
from modules.training.distillation import DistillationLoss

_LABEL, _TAUGHT = "label", "taught"


class Distiller(keras.Model):
    """The student, in training beside its teacher.

    Args:
        student: learns; what this model predicts. Its weights are this model's weights.
        teacher: has learned; `(batch, ...)` predictions as the student's. It is not part of this
            model, so that it is neither trained nor written with it.
        loss: of the label, the teacher's and the student's prediction.
    """

    def __init__(self, student: keras.Model, teacher: keras.Model, loss: DistillationLoss) -> None:
        super().__init__(name="distiller")
        self.student = student
        self._teach = lambda inputs: teacher(inputs, training=False)
        self._distillation = loss
        self.built = True  # the student is

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """What the student answers."""
        return self.student(inputs, training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step, the teacher's prediction lying beside the label."""
        inputs, label, weight = keras.utils.unpack_x_y_sample_weight(data)
        return super().train_step((inputs, {_LABEL: label, _TAUGHT: self._teach(inputs)}, weight))

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The distillation loss in training; what the model is judged by otherwise."""
        if not isinstance(y, dict):
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        label, taught = y[_LABEL], y[_TAUGHT]
        if len(y_pred.shape) == 3:  # an ensemble's members each learn by themselves
            members = y_pred.shape[1]
            label, taught = repeated(label, members), repeated(taught, members)
            y_pred, sample_weight = as_rows(y_pred), repeated(sample_weight, members)
        loss = self._distillation(label, taught, y_pred, sample_weight)
        # Gradients are summed over replicas. Keras' losses mind that, regularizers do not.
        return loss + sum(self.losses) / self.distribute_strategy.num_replicas_in_sync

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The metrics of the labels."""
        label = y[_LABEL] if isinstance(y, dict) else y
        if len(y_pred.shape) == 3:
            y_pred = keras.ops.mean(y_pred, axis=1)
        return super().compute_metrics(x, label, y_pred, sample_weight)
