"""What optimizers and schedules of the spec may say together."""

import pytest

from modules.spec.optimizers import OneCycle, Piecewise, Sgd


def test_nesterov_needs_momentum():
    assert Sgd(nesterov=True, momentum=0.9).nesterov
    with pytest.raises(ValueError, match="nesterov without momentum changes nothing"):
        Sgd(nesterov=True)


def test_boundaries_part_one_factor_more():
    assert Piecewise(boundaries=(0.5,), factors=(1, 0.5)).factors == (1, 0.5)
    with pytest.raises(ValueError, match="2 boundaries part 3 factors, got 4"):
        Piecewise(factors=(1, 1, 1, 1))


@pytest.mark.parametrize("boundaries", [(0.75, 0.5), (0.5, 0.5)])
def test_boundaries_rise(boundaries):
    with pytest.raises(ValueError, match="boundaries must rise"):
        Piecewise(boundaries=boundaries)


def test_a_cycle_has_time_to_come_down_again():
    with pytest.raises(ValueError, match=r"less than or equal to 0\.5"):
        OneCycle(peak=0.6)
