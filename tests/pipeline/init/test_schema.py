import numpy as np
import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

ROWS = 3_000


@pytest.fixture
def made(write, make):
    random = np.random.default_rng(0)
    columns = {
        "amount": random.exponential(10, ROWS).round(3),
        "degrees": random.uniform(5, 30, ROWS).round(3),
        "gaps": ["" if value < 0.2 else 1 + value for value in random.random(ROWS)],
        "rare": ["" if row % 600 else "5" for row in range(ROWS)],
        "seldom": ["" if row % 100 else row / 8 for row in range(ROWS)],
        "colour": random.choice(["red", "blue"], ROWS),
        "many": [f"v{row % 150}" for row in range(ROWS)],
        "at": [f"2013-01-{1 + row % 28:02}T00:00:00" for row in range(ROWS)],
        "y": random.choice(["no", "yes"], ROWS),
    }
    return make(write(columns), "y")


def test_every_column_of_the_spec_is_expected_as_example_gen_writes_it(made):
    types = {feature.name: feature.type for feature in made.schema.feature}

    assert types.keys() == made.spec.columns().keys()
    for name, kind in made.spec.columns().items():
        assert types[name] == (schema_pb2.FLOAT if kind == "number" else schema_pb2.BYTES)
    assert all(feature.value_count.max == 1 for feature in made.schema.feature)
    assert not any(feature.HasField("shape") for feature in made.schema.feature)


def test_a_complete_column_stays_complete(made):
    assert made.expects("amount").presence.min_fraction == 1
    assert made.expects("y").presence.min_fraction == 1


def test_a_column_with_gaps_may_have_a_few_more(made):
    presence = made.expects("gaps").presence

    # 0.9 * 0.8 = 0.72, less 5 standard deviations of sqrt(0.8 * 0.2 / 300) = 0.023 each
    assert presence.min_fraction == pytest.approx(0.60, abs=0.02)
    assert presence.min_count == 1


def test_a_column_that_a_split_may_lack_may_be_missing(made):
    # 1 % of 300 rows is 3
    assert not made.expects("seldom").HasField("presence")


def test_few_categories_are_listed_and_many_are_not(made):
    colour = made.expects("colour")

    assert list(colour.string_domain.value) == ["blue", "red"]
    assert colour.distribution_constraints.min_domain_mass == 0.99
    assert not made.expects("many").HasField("string_domain")
    assert not made.expects("at").HasField("string_domain")


def test_in_small_splits_a_few_unseen_values_are_no_alarm(write, make):
    made = make(write({"colour": ["red", "blue"] * 200, "y": ["a"] * 200 + ["b"] * 200}), "y")

    # 3 of the 60 rows that eval is expected to have
    colour = made.expects("colour")
    assert colour.distribution_constraints.min_domain_mass == 0.95


def test_the_label_has_its_classes_and_no_other(made):
    label = made.expects("y")

    assert list(label.string_domain.value) == ["no", "yes"]
    assert label.distribution_constraints.min_domain_mass == 1


def test_numbers_that_pile_up_at_zero_are_never_negative(made):
    assert made.expects("amount").float_domain.min == 0
    assert made.expects("amount").HasField("float_domain")
    # a warm month says nothing of winter
    assert not made.expects("degrees").HasField("float_domain")


def test_a_split_by_time_is_measured_not_assumed(write, make):
    days = [f"2013-{1 + day // 25:02}-{1 + day % 25:02}" for day in range(100) for _ in range(40)]
    gaps = [1.5 + row % 7 if row < 3_600 else "" for row in range(4_000)]
    labels = np.random.default_rng(0).integers(0, 2, 4_000)

    made = make(write({"at": days, "gaps": gaps, "y": labels}), "y", time="at")

    # eval has values in 200 of its 600 rows: 0.9 / 3 - 5 * sqrt(2 / 9 / 600) = 0.2037
    assert made.expects("gaps").presence.min_fraction == 0.2
