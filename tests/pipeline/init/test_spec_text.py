import numpy as np
import pytest

from modules.spec.callbacks import active

ROWS = 200
LABELS = ["no", "no", "yes", "yes"] * (ROWS // 4)
NUMBERS = [(row * 37 % 101) / 10 for row in range(ROWS)]


def with_gaps(values, token, every=10):
    return [token if row % every == 0 else value for row, value in enumerate(values)]


def test_texts_for_missing_values_are_listed_with_where_they_occur(write, make):
    path = write({"x": with_gaps(NUMBERS, "?"), "z": with_gaps(NUMBERS, "NA", 20), "y": LABELS})

    made = make(path, "y")

    assert made.spec.data.missing == ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "?")
    assert made.line('#   "?"') == '#   "?" in "x" (20)'
    assert made.line('#   "NA"') == '#   "NA" in "z" (10)'
    assert made.line("x = ").endswith("10.0% missing")


def test_missing_is_not_mentioned_when_only_empty_texts_are(write, make):
    made = make(write({"x": with_gaps(NUMBERS, ""), "y": LABELS}), "y")

    assert "missing = " not in made.text


def test_na_among_categories_is_questioned(write, make):
    countries = with_gaps(["DE", "FR", "DE", "US"] * (ROWS // 4), "NA", every=3)

    made = make(write({"country": countries, "y": LABELS}), "y")

    assert made.line('# In "country"') == (
        '# In "country" it may be a category (NA is also Namibia): then take "NA" out.'
    )


def test_na_is_not_questioned_where_values_are_missing_in_another_way_too(write, make):
    countries = with_gaps(["DE", "FR", "DE", "US"] * (ROWS // 4), "NA", every=3)
    countries = with_gaps(countries, "", every=7)

    made = make(write({"country": countries, "y": LABELS}), "y")

    assert "it may be a category" not in made.text


def test_rows_without_label_are_left_out_of_every_count(write, make):
    labels = with_gaps(LABELS, "")
    path = write({"only": ["a" if label else "b" for label in labels], "x": NUMBERS, "y": labels})

    made = make(path, "y")

    assert made.line("column").endswith("# 20 rows have none and are left out")
    # among the labelled rows there is no "b"
    assert made.spec.data.ignore == ("only",)


def test_a_time_column_gets_a_line_that_splits_by_it(write, make):
    moments = [f"2013-01-{1 + row // 10:02}T00:00:{row % 60:02}" for row in range(ROWS)]
    path = write({"at": moments, "x": NUMBERS, "y": LABELS})

    suggested = make(path, "y").line("# split = ")
    made = make(path, "y", path.parent / "by time", time="at")

    assert suggested == f"# {made.line('split = ')}"
    assert made.spec.features["at"].parts == ("time_of_day", "day_of_week")


def test_a_group_is_no_feature(write, make):
    groups = [f"g{row % 40}" for row in range(ROWS)]

    made = make(write({"g": groups, "x": NUMBERS, "y": LABELS}), "y", group="g")

    assert made.spec.data.split.column == "g"
    assert list(made.spec.features) == ["x"]
    assert made.spec.data.ignore == ()


@pytest.mark.parametrize(
    ("labels", "task", "rules"),
    [
        # 100 of 200 rows; 0.5 / sqrt(40 rows in eval) = 0.0791
        (LABELS, "binary", [("auc", 0.6, None, -0.08, None)]),
        # "a" in 100 of 200 rows
        (["a", "b", "a", "c"] * 50, "multiclass", [("accuracy", 0.5, None, -0.08, None)]),
        # 0 to 199: deviation sqrt((200^2 - 1) / 12) = 57.73; / sqrt(2 * 40) = 6.46
        (range(200), "regression", [("rmse", None, 57.8, None, 6.5)]),
    ],
)
def test_rules_ask_for_more_than_knowing_nothing_gives(write, make, labels, task, rules):
    values = np.random.default_rng(0).normal(size=ROWS)

    made = make(write({"x": values, "y": labels}), "y")

    assert made.spec.label.task == task
    floor, change = made.spec.evaluation.rules
    assert [(floor.metric, floor.min, floor.max, change.change_min, change.change_max)] == rules


def test_slices_are_the_first_two_categories_words_before_numbers(write, make, tmp_path):
    columns = {
        "code": [row % 5 for row in range(ROWS)],
        "many": [f"v{row % 30}" for row in range(ROWS)],
        "colour": [f"c{row % 3}" for row in range(ROWS)],
        "shape": [f"s{row // 3 % 3}" for row in range(ROWS)],
        "y": np.random.default_rng(0).permutation(LABELS),
    }

    assert make(write(columns), "y").spec.evaluation.slices == ("colour", "shape")
    del columns["shape"]
    assert make(write(columns, "b.csv"), "y", tmp_path / "b").spec.evaluation.slices == (
        "colour",
        "code",
    )


@pytest.mark.parametrize(
    ("rows", "training"), [(200, (100, 32, 15)), (2_000, (40, 128, 6)), (20_000, (20, 512, 4))]
)
def test_less_data_gets_more_passes_in_smaller_batches(write, make, rows, training):
    random = np.random.default_rng(0)
    path = write({"x": random.normal(size=rows), "y": random.integers(0, 2, rows)})

    found = make(path, "y").spec.training

    assert (found.epochs, found.batch_size, active(found.callbacks)[0].patience) == training


def test_a_small_table_lowers_what_the_gate_asks_for(write, make):
    made = make(write({"x": NUMBERS[:60], "y": LABELS[:60]}), "y")

    # 12 rows expected in eval, which chance may make none
    assert made.spec.validation.min_rows == 1


def test_many_classes_are_listed_a_line_each(write, make):
    labels = [f"a rather long class {row % 10}" for row in range(ROWS)]

    made = make(write({"x": NUMBERS, "y": labels}), "y")

    assert len(made.spec.label.classes) == 10
    assert made.line('"a rather long class 3"') == '  "a rather long class 3",'
