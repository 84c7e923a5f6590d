"""The parts of the spec that modules need, as JSON and back."""

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.spec.features import Feature, argument_name, raw_type
from modules.spec.label import Label, label_type
from modules.spec.learning import LearningSpec
from modules.spec.model import CustomModel, TabM

EACH_KIND = {
    "distance": {"kind": "numeric", "unit": "mile", "scale": "log"},
    "age": {"kind": "bucketized", "buckets": 5},
    "carrier": {"kind": "categorical", "min_count": 20, "max_size": 100},
    "tail": {"kind": "hashed", "buckets": 50},
    "remark é": {"kind": "text", "max_tokens": 8},
    "when": {"kind": "timestamp", "parts": ["day_of_week"]},
}


@pytest.mark.parametrize(
    "tables",
    [
        {},
        {"model": {"family": "mlp", "hidden": [32, 16], "embedding_size": 4}},
        {"model": {"family": "my_model.py:build", "settings": {"depth": 2, "of": ["a", None]}}},
        {"preprocessing": {"function": "prepare.py:function"}, "training": {"steps": 7}},
    ],
)
def test_a_spec_comes_back_from_json_as_it_was(tables):
    label = {"column": "late", "task": "multiclass", "classes": ["a", "b"]}
    spec = LearningSpec.model_validate({"label": label, "features": EACH_KIND, **tables})

    assert LearningSpec.model_validate_json(spec.model_dump_json()) == spec


# What pydantic calls each kind of value, within the bounds of the spec.
_features: st.SearchStrategy[dict[str, object]] = st.one_of(
    st.builds(dict, kind=st.just("numeric"), scale=st.sampled_from(["zscore", "log"])),
    st.builds(dict, kind=st.just("bucketized"), buckets=st.integers(2, 1000)),
    st.builds(
        dict,
        kind=st.just("categorical"),
        min_count=st.integers(1, 10**6),
        max_size=st.none() | st.integers(1, 10**6),
    ),
    st.builds(dict, kind=st.just("text"), max_tokens=st.integers(1, 512)),
)


@given(
    features=st.dictionaries(st.text(min_size=1), _features, max_size=5),
    learning_rate=st.floats(1e-9, 10, allow_nan=False),
)
def test_any_names_and_numbers_come_back_from_json(features, learning_rate):
    label = {"column": "label", "task": "regression"}
    training = {"learning_rate": learning_rate}
    spec = LearningSpec.model_validate({"label": label, "features": features, "training": training})

    assert LearningSpec.model_validate_json(spec.model_dump_json()) == spec


def test_the_family_says_which_settings_a_model_takes():
    label = {"column": "late", "task": "binary"}
    ours = LearningSpec.model_validate({"label": label, "features": {}, "model": {"dropout": 0.5}})
    theirs = LearningSpec.model_validate(
        {"label": label, "features": {}, "model": {"family": "my_model.py:build"}}
    )

    assert ours.model == TabM(dropout=0.5)
    assert theirs.model == CustomModel(family="my_model.py:build")


def test_a_spec_cannot_be_changed():
    label = Label(column="late", task="binary")

    with pytest.raises(pydantic.ValidationError, match="frozen"):
        label.column = "early"


def test_binary_classes_are_0_and_1_unless_given():
    assert Label(column="late", task="binary").classes == ("0", "1")
    assert Label(column="late", task="binary", classes=("no", "yes")).classes == ("no", "yes")


@pytest.mark.parametrize(
    ("task", "classes", "problem"),
    [
        ("binary", ["a"], r"task 'binary' takes exactly 2 classes, got \['a'\]. List the label's"),
        ("multiclass", [], r"task 'multiclass' takes at least 2 classes, got \[\]"),
        ("regression", ["a", "b"], r"task 'regression' takes no classes, got \['a', 'b'\]"),
        ("multiclass", ["a", "b", "a"], r"classes must differ, got \['a', 'b', 'a'\]"),
    ],
)
def test_classes_that_do_not_fit_the_task_are_refused(task, classes, problem):
    with pytest.raises(pydantic.ValidationError, match=problem):
        Label.model_validate({"column": "late", "task": task, "classes": classes})


@pytest.mark.parametrize(
    ("task", "quantiles", "problem"),
    [
        ("regression", [0.5], r"task 'regression' takes no quantiles, got \[0.5\]"),
        ("quantile", [], r"task 'quantile' takes quantiles in ascending order, got \[\]"),
        ("quantile", [0.9, 0.1], r"in ascending order, got \[0.9, 0.1\]. Give them, for example"),
        ("quantile", [0.5, 0.5], r"in ascending order, got \[0.5, 0.5\]"),
        ("quantile", [0.5, 1.0], r"less than 1"),
    ],
)
def test_quantiles_that_do_not_fit_the_task_are_refused(task, quantiles, problem):
    with pytest.raises(pydantic.ValidationError, match=problem):
        Label.model_validate({"column": "fare", "task": task, "quantiles": quantiles})


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("numeric", "number"),
        ("bucketized", "number"),
        ("categorical", "text"),
        ("hashed", "text"),
        ("text", "text"),
        ("timestamp", "time"),
    ],
)
def test_a_kind_says_how_its_column_is_read(kind, expected):
    feature = pydantic.TypeAdapter(Feature).validate_python({"kind": kind})

    assert raw_type(feature) == expected


def test_a_number_to_predict_is_read_as_one_and_a_class_as_text():
    assert label_type(Label(column="fare", task="regression")) == "number"
    assert label_type(Label(column="late", task="binary")) == "text"


@pytest.mark.parametrize(
    ("column", "argument"),
    [
        ("carrier", "carrier"),
        ("a b/c", "a_b_c"),
        ("a.b", "a.b"),
        ("é", "x_"),
        ("_hidden", "x_hidden"),
        ("2nd", "2nd"),
        ("", "x"),
    ],
)
def test_a_column_has_a_name_that_tensorflow_takes(column, argument):
    assert argument_name(column) == argument


@pytest.mark.parametrize("reference", ["my_model", "my_model.py", "my_model.py:a b", ":build"])
def test_a_reference_to_a_function_names_file_and_function(reference):
    with pytest.raises(pydantic.ValidationError, match="should match pattern"):
        CustomModel(family=reference)
