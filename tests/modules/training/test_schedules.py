"""Learning rates at steps worked out by hand, and what holds of any run."""

import typing

import hypothesis
import hypothesis.strategies as st
import keras
import pytest

from modules.spec import optimizers
from modules.training.schedules import build_schedule

CHANGING = [
    optimizers.Cosine(warmup=0.3, final=0.1),
    *(arm() for arm in typing.get_args(typing.get_args(optimizers.Schedule)[0])[1:]),
]


def at(settings, steps, *numbers, learning_rate=1.0):
    schedule = build_schedule(settings, learning_rate, steps)
    return [float(schedule(number)) for number in numbers]


def test_a_constant_rate_is_a_number_so_that_a_callback_can_lower_it():
    assert build_schedule(optimizers.Constant(), 0.25, 100) == 0.25


@pytest.mark.parametrize(
    ("settings", "steps", "expected"),
    [
        (optimizers.Cosine(), 10, {0: 1, 5: 0.5, 10: 0}),
        # 2 steps of warm-up, then half a cosine over 8, from 1 to 0.2
        (optimizers.Cosine(warmup=0.2, final=0.2), 10, {0: 0, 1: 0.5, 2: 1, 6: 0.6, 10: 0.2}),
        (optimizers.Exponential(), 10, {0: 1, 5: 0.1**0.5, 10: 0.1}),
        (optimizers.Exponential(decay_rate=0.5, decay_steps=0.2), 10, {2: 0.5, 4: 0.25, 10: 2**-5}),
        (
            optimizers.Exponential(decay_rate=0.5, decay_steps=0.2, staircase=True),
            10,
            {0: 1, 1: 1, 2: 0.5, 3: 0.5, 4: 0.25},
        ),
        # Halves and quarters of 8 steps: 0 to 3, 4 and 5, 6 and 7
        (optimizers.Piecewise(), 8, {0: 1, 3: 1, 4: 0.1, 5: 0.1, 6: 0.01, 7: 0.01}),
        (optimizers.Piecewise(), 1, {0: 1}),
        (optimizers.Linear(final=0.5), 10, {0: 1, 5: 0.75, 10: 0.5, 20: 0.5}),
        (optimizers.Polynomial(), 10, {0: 1, 5: 0.25, 10: 0}),
        # Up in 4 steps, down in 4, and 2 steps from 0.2 to 0
        (
            optimizers.OneCycle(peak=0.4, start_factor=0.2, final_factor=0),
            10,
            {0: 0.2, 2: 0.6, 4: 1, 6: 0.6, 8: 0.2, 9: 0.1, 10: 0},
        ),
    ],
)  # fmt: skip
def test_a_rate_is_the_share_that_its_step_has(settings, steps, expected):
    assert at(settings, steps, *expected) == pytest.approx(list(expected.values()), abs=1e-6)


@hypothesis.given(
    st.sampled_from(CHANGING), st.integers(1, 20), st.floats(1e-6, 10, allow_subnormal=False)
)
def test_a_rate_is_never_below_0_nor_above_the_peak(settings, steps, learning_rate):
    rates = at(settings, steps, *range(steps + 1), learning_rate=learning_rate)

    assert min(rates) >= -1e-6 * learning_rate
    assert max(rates) <= learning_rate * (1 + 1e-5)


@hypothesis.given(st.sampled_from(CHANGING), st.integers(3, 20))
def test_the_peak_is_reached_at_a_step_of_the_run(settings, steps):
    assert max(at(settings, steps, *range(steps))) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("settings", CHANGING, ids=lambda settings: settings.name)
def test_a_schedule_comes_back_from_its_file(settings):
    schedules = keras.optimizers.schedules
    built = build_schedule(settings, 0.5, 10)

    read = schedules.deserialize(schedules.serialize(built))

    assert type(read) is type(built)
    assert [float(read(step)) for step in range(10)] == [float(built(step)) for step in range(10)]
