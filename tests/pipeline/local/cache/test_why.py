"""Keys, and why one is another than before."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.cache.why import differences, key
from pipeline.local.record import Parts, Record
from pipeline.local.result import Finished

TEXTS = st.text(st.characters(codec="utf-8"), max_size=3)
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


@given(VALUES, VALUES)
def test_two_values_are_told_apart_in_the_sentence_in_a_line(one, other):
    now, earlier = parts(properties={"a": one}), parts(properties={"a": other})

    found = differences(now, earlier)

    assert bool(found) == (key(now) != key(earlier))
    for sentence in found:
        assert sentence.isprintable()
        if ", now " in sentence and len(sentence) < 60:
            old, _, new = sentence.partition(": ")[2].partition(", now ")
            assert old != new


@given(PARTS)
def test_a_record_that_was_read_again_has_the_same_key(given_parts):
    record = Record(
        node="Trainer",
        run="20130101-000000-000000",
        key=key(given_parts),
        parts=given_parts,
        execution=1,
        outputs={},
        finished=Finished(node="Trainer", summary=""),
        seconds=1,
    )

    again = Record.model_validate_json(record.model_dump_json())

    assert key(again.parts) == record.key
    assert differences(again.parts, given_parts) == []


def test_the_order_of_keys_does_not_count_but_that_of_items_does():
    def of(**properties):
        return key(Parts(component="", properties=properties))

    assert of(a=1, b={"c": 2, "d": 3}) == of(b={"d": 3, "c": 2}, a=1)
    assert of(a=[1, 2]) != of(a=[2, 1])


def test_values_that_python_holds_for_equal_or_json_cannot_tell_have_keys_of_their_own():
    values = [
        None,
        False,
        0,
        0.0,
        -0.0,
        "",
        "0",
        [],
        {},
        math.nan,
        math.inf,
        -math.inf,
        "NaN",
        [[]],
    ]

    keys = {key(Parts(component="", properties={"a": value})) for value in values}

    assert len(keys) == len(values)


def parts(**changes):
    properties = {"custom_config": {"spec": {"training": {"steps": 100}}}, "clip": math.nan}
    given = {
        "component": "Executor",
        "properties": properties,
        "code": {"modules.export": "a", "mine.py": "b", "train.py": "b"},
        "libraries": {"keras": "3.15.0", "scipy": "1.9"},
        "inputs": {"examples": ["c"]},
    }
    return Parts(**{**given, **changes})


def test_each_difference_is_told_by_its_path_the_most_telling_first():
    properties = {"custom_config": {"spec": {"training": {"steps": 200}}}, "seed": 1}

    found = differences(
        parts(
            component="Other",
            properties=properties,
            code={"modules.export": "A", "modules.new": "d", "train.py": "B"},
            libraries={"keras": "3.15.1", "numpy": "2.4"},
            inputs={"examples": ["C"]},
        ),
        parts(),
    )

    assert found == [
        "component: Executor, now Other",
        "custom_config.spec.training.steps: 100, now 200",
        "clip: NaN is gone",
        "seed: 1 is new",
        "mine.py is no longer used",
        "train.py changed",
        "input examples changed",
        "modules.export changed",
        "modules.new is new",
        "keras 3.15.0, now 3.15.1",
        "and 2 more",
    ]


@pytest.mark.parametrize(
    ("earlier", "now", "expected"),
    [
        ("0.5", 0.5, 'a: "0.5", now 0.5'),
        (None, "null", 'a: null, now "null"'),
        ("", "mlp", 'a: "", now mlp'),
        ("x\n", "x", r'a: "x\n", now x'),
        ("x\u202e", "x", r'a: "x\u202e", now x'),
        (["late"], ["late", "né"], 'a: ["late"], now ["late", "né"]'),
        ({}, [], "a: {}, now []"),
        ({"min": 1}, 1, 'a: {"min": 1}, now 1'),
        ([], [{"min": 1}], 'a: [], now [{"min": 1}]'),
        ([{"min": 1}, {"min": 2}], [{"min": 1}, {"min": 3}], "a[1].min: 2, now 3"),
        ([{"min": 1}], [{"min": 1}, {"min": 3}], 'a[1]: {"min": 3} is new'),
        ({"b.c": 1, "d e": 1}, {"b.c": 2, "d e": 1}, 'a."b.c": 1, now 2'),
    ],
)
def test_a_value_reads_as_what_it_is(earlier, now, expected):
    (found,) = differences(parts(properties={"a": now}), parts(properties={"a": earlier}))

    assert found == expected


def test_of_long_values_what_is_around_the_first_difference_is_told():
    others = "feature: distance, " * 20
    earlier, now = (f"{others}type: {kind}, {others}end" for kind in ("INT", "FLOAT"))

    (found,) = differences(parts(properties={"schema": now}), parts(properties={"schema": earlier}))

    # 15 characters before the first that differs, 60 in all
    assert found == (
        "schema: ...istance, type: INT, feature: distance, feature: distance, fe..., "
        "now ...istance, type: FLOAT, feature: distance, feature: distance, ..."
    )


def test_of_a_long_value_that_got_longer_the_end_is_told():
    text = "feature: distance, " * 20 + "end"

    (found,) = differences(parts(properties={"a": text + "s"}), parts(properties={"a": text}))

    assert found == "a: ...: distance, end, now ...: distance, ends"


def test_of_many_differences_the_first_are_told_and_the_rest_counted():
    code = {f"m{each:02}": "a" for each in range(15)}

    found = differences(parts(code=code), parts(code=dict.fromkeys(code, "b")))

    assert found == [*(f"m{each:02} changed" for each in range(10)), "and 5 more"]
