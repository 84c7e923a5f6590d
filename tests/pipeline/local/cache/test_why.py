"""Keys, and why one is another than before."""

import math

from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.cache.why import differences, key
from pipeline.local.record import Parts

TEXTS = st.text(max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
PARTS = st.builds(
    Parts,
    component=TEXTS,
    properties=st.dictionaries(TEXTS, VALUES, max_size=3),
    code=st.dictionaries(TEXTS, TEXTS, max_size=3),
    libraries=st.dictionaries(TEXTS, TEXTS, max_size=3),
    inputs=st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2), max_size=3),
)


@given(PARTS, PARTS)
def test_there_are_differences_exactly_if_the_keys_differ(one, other):
    assert differences(one, one) == []
    assert bool(differences(one, other)) == (key(one) != key(other))


@given(PARTS)
def test_a_record_that_was_read_again_has_the_same_key(parts):
    # JSON has no word for NaN and infinity: they come back as null.
    again = Parts.model_validate_json(parts.model_dump_json())

    assert key(again) == key(parts)


def parts(**changes):
    properties = {"custom_config": {"spec": {"training": {"steps": 100}}}, "loss": math.nan}
    given = {
        "component": "Executor",
        "properties": properties,
        "code": {"modules.export": "a", "mine.py": "b"},
        "libraries": {"keras": "3.15.0"},
        "inputs": {"examples": ["c"]},
    }
    return Parts(**{**given, **changes})


def test_each_difference_is_told_by_its_path_the_settings_first():
    properties = {"custom_config": {"spec": {"training": {"steps": 200}}}, "seed": 1}

    found = differences(
        parts(
            properties=properties,
            code={"modules.export": "A", "modules.new": "d"},
            libraries={"keras": "3.15.1"},
            inputs={"examples": ["C"]},
        ),
        parts(),
    )

    assert found == [
        "custom_config.spec.training.steps: 100, now 200",
        "loss: null is gone",
        "seed: 1 is new",
        "mine.py is no longer used",
        "modules.export changed",
        "modules.new is new",
        "input examples changed",
        "keras: 3.15.0, now 3.15.1",
    ]


def test_of_many_differences_the_first_are_told_and_the_rest_counted():
    code = {f"m{each:02}": "a" for each in range(15)}

    found = differences(parts(code=code), parts(code=dict.fromkeys(code, "b")))

    assert len(found) == 11
    assert found[-1] == "and 5 more"


def test_a_long_value_is_cut():
    (found,) = differences(
        parts(properties={"schema": "y" * 500}), parts(properties={"schema": "x" * 500})
    )

    assert len(found) < 150
    assert found.startswith("schema: xxx")
