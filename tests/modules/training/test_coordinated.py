"""Workers that take steps of their own beside a parameter server, against one process."""

import pathlib

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # as in test_keras_mend.py

SCRIPT = pathlib.Path(__file__).with_name("coordinated_cases.py")


@pytest.fixture(scope="module")
def cases(coordinated):
    """What one process and two workers make of the cases."""
    return coordinated(SCRIPT, 2)


@pytest.mark.parametrize("case", ["mlp", "tabm", "wide_and_deep", "distilled"])
def test_steps_in_turn_end_with_the_weights_and_metrics_of_one_process(cases, case):
    one, two = cases[case]

    assert two["steps"] == one["steps"]
    assert two["weights"] == pytest.approx(one["weights"], abs=1e-5)
    assert two["metrics"] == pytest.approx(one["metrics"], abs=1e-5)
    assert two["norm"] == pytest.approx(one["norm"], abs=1e-5)


def test_no_step_and_no_row_is_lost_when_two_workers_count_at_the_same_time(cases):
    one, two = cases["at_once"]

    # The model stays as it is: an epoch of 10 steps counts what one process counts, and after
    # the first none is better, so that the training stops after 7 more.
    assert two["iterations"] == one["iterations"] == 80
    for epoch, expected in zip(two["epochs"], one["epochs"], strict=True):
        metrics = [name for name in expected if name != "seconds" and "second" not in name]
        assert {"loss", "auc", "accuracy", "f1", "val_loss", "val_f1"} <= set(metrics)
        for name in metrics:
            assert epoch[name] == pytest.approx(expected[name], abs=1e-5), name


def test_each_record_of_steps_tells_of_their_own_rows(cases):
    one, two = cases["at_once"]

    # Whichever worker took a step, it saw the rows that one process sees in it.
    assert np.allclose(two["losses"], one["losses"], atol=1e-5)
