"""What a loss of the spec may say."""

import pytest

from modules.spec.losses import Focal, Quantile, default_loss


@pytest.mark.parametrize("alpha", [0, 0.25, 1, [1, 2.5], None])
def test_focal_weights_are_a_share_or_a_number_a_class(alpha):
    assert Focal(alpha=alpha).alpha == (tuple(alpha) if isinstance(alpha, list) else alpha)


@pytest.mark.parametrize(
    "alpha", [-0.1, 1.1, True, "x", [], [1, -1], [1, "x"], [1, float("inf")], float("nan")]
)
def test_other_focal_weights_are_refused(alpha):
    with pytest.raises(ValueError, match="expected a number from 0 to 1, the weight of the second"):
        Focal(alpha=alpha)


@pytest.mark.parametrize("quantile", [0, 1, -0.5, float("nan")])
def test_a_quantile_lies_between_0_and_1(quantile):
    with pytest.raises(ValueError, match="quantile"):
        Quantile(quantile=quantile)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_loss_of_a_task_is_for_it(task):
    assert task in default_loss(task).tasks
