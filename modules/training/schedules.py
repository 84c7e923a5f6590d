"""Learning rates over the steps of a run, as the spec names them."""

from typing import Any

import keras
from keras import ops

from modules.spec.optimizers import (
    Constant,
    Cosine,
    Exponential,
    Linear,
    OneCycle,
    Piecewise,
    Polynomial,
    Schedule,
)


def build_schedule(
    settings: Schedule, learning_rate: float, steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate: a number when it is constant, so that a callback can lower it.

    Args:
        settings: name and parameters, whose shares are of `steps` and of `learning_rate`.
        learning_rate: the highest, above 0.
        steps: optimizer steps of the whole run, at least 1.

    Returns:
        Given the number of a step, from 0, in [0, learning_rate].
    """
    schedules = keras.optimizers.schedules
    match settings:
        case Constant():
            rate: Any = learning_rate
        case Cosine():
            rate = _cosine(settings, learning_rate, steps)
        case Exponential(decay_rate=decay_rate, decay_steps=share, staircase=staircase):
            decay = max(1, round(share * steps))
            rate = schedules.ExponentialDecay(learning_rate, decay, decay_rate, staircase)
        case Piecewise(boundaries=boundaries, factors=factors):
            # Keras counts a boundary to the piece before it; of 10 steps, half are 0 to 4.
            ends = [max(0, round(boundary * steps) - 1) for boundary in boundaries]
            values = [factor * learning_rate for factor in factors]
            rate = schedules.PiecewiseConstantDecay(ends, values)
        case Linear(final=final):
            rate = schedules.PolynomialDecay(learning_rate, steps, final * learning_rate)
        case Polynomial(power=power, final=final):
            rate = schedules.PolynomialDecay(learning_rate, steps, final * learning_rate, power)
        case OneCycle():
            rate = OneCycleRate(learning_rate, steps, **settings.model_dump(exclude={"name"}))
    return rate


def _cosine(
    settings: Cosine, learning_rate: float, steps: int
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Cosine annealing without restarts (Loshchilov and Hutter, 2017)."""
    decay = keras.optimizers.schedules.CosineDecay
    warmup = min(round(settings.warmup * steps), steps - 1)
    if not warmup:
        return decay(learning_rate, steps, settings.final)
    return decay(
        0.0, steps - warmup, settings.final, warmup_target=learning_rate, warmup_steps=warmup
    )


@keras.saving.register_keras_serializable(package="headrace")
class OneCycleRate(keras.optimizers.schedules.LearningRateSchedule):
    """Straight lines up to the peak, down to the start in as many steps, and on to the end.

    Smith and Topin (2018), section 3: the cycle is somewhat shorter than the run, whose rest
    takes the learning rate several orders of magnitude below the start.

    Args:
        learning_rate: at the peak.
        steps: of the whole run, at least 1.
        peak: share of the steps at which it is reached, in (0, 0.5].
        start_factor: share of the learning rate at the first step.
        final_factor: share of it after the last.
    """

    def __init__(
        self,
        learning_rate: float,
        steps: int,
        peak: float = 0.45,
        start_factor: float = 0.04,
        final_factor: float = 0.0004,
    ) -> None:
        super().__init__()
        self.learning_rate, self.steps, self.peak = learning_rate, steps, peak
        self.start_factor, self.final_factor = start_factor, final_factor

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, float32."""
        step = ops.cast(step, "float32")
        top = round(self.peak * self.steps)  # a whole step, so that the peak is taken
        low, end = min(2 * top, self.steps), self.steps
        start, final = self.start_factor, self.final_factor
        up = start + (1 - start) * ops.minimum(step / max(top, 1), 1.0)
        down = (1 - start) * ops.clip((step - top) / max(low - top, 1), 0.0, 1.0)
        off = (start - final) * ops.clip((step - low) / max(end - low, 1), 0.0, 1.0)
        return self.learning_rate * ops.maximum(up - down - off, 0.0)

    def get_config(self) -> dict[str, Any]:
        """As Keras writes it to a file."""
        names = ("learning_rate", "steps", "peak", "start_factor", "final_factor")
        return {name: getattr(self, name) for name in names}
