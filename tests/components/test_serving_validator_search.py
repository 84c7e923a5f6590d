"""Which raw row a row of the Trainer was, told from what the transform graph makes of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from components.serving_validator.probe import _alike

# Few values, so that rows are often equal; a step between them is far more than rounding.
ROWS = arrays.arrays(float, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(-2, 2))


@given(kept=ROWS, made=ROWS, noise=st.floats(-5e-6, 5e-6))
def test_every_row_that_is_there_is_found_once_and_no_other_is_taken_for_it(kept, made, noise):
    equal = (kept[:, np.newaxis] == made[np.newaxis]).all(axis=2)

    pairs = _alike(kept, made + noise, list(range(len(kept))))

    assert [index for index, _ in pairs] == np.flatnonzero(equal.any(axis=1)).tolist()
    assert all(equal[index, place] for index, place in pairs)


@given(kept=ROWS, made=ROWS)
def test_only_rows_that_are_still_wanted_are_looked_for(kept, made):
    assert _alike(kept, made, []) == []
    assert {index for index, _ in _alike(kept, made, [0])} <= {0}


def test_a_row_with_no_number_is_never_alike():
    assert _alike(np.array([[1.0, 2.0]]), np.array([[1.0, np.nan]]), [0]) == []
