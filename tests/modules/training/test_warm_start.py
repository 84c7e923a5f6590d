"""A model that starts from an earlier one: what it takes over, and what begins anew."""

import pathlib

import pytest

from modules.export import export
from modules.spec.learning import Preprocessing
from modules.spec.model import CustomModel, Mlp, TabM, WideAndDeep
from modules.training.blueprint import Blueprint
from modules.training.warm_start import warm_start

FEATURES = {
    "x": {"kind": "numeric"},
    "c": {"kind": "categorical"},
    "k": {"kind": "hashed", "buckets": 5},
}
FAMILIES = {
    "mlp": Mlp(hidden=(4,)),
    "wide_and_deep": WideAndDeep(hidden=(4,), crosses=(("c", "k"),)),
    "tabm": TabM(members=2, hidden=(4,)),
}
# The more frequent comes first: the ids are 0 missing, then these, then unknown.
BEFORE, AFTER = {"a": 40, "b": 20, "c": 10}, {"b": 40, "a": 20, "d": 10}
OWN = """
import keras

def build(columns, head, settings):
    inputs = {c.name: keras.Input((c.width,), name=c.name, dtype=c.dtype) for c in columns}
    hidden = keras.layers.Dense(3)(inputs["x_xf"])
    hidden = keras.layers.Dense(3, name="with.a.stop")(hidden)
    return keras.Model(inputs, keras.layers.Dense(1, "sigmoid")(hidden))
"""


@pytest.fixture(scope="module")
def rows(transform):
    """Rows of each vocabulary."""

    def rows(vocabulary):
        values = [category for category, count in vocabulary.items() for _ in range(count)]
        return transform(
            FEATURES,
            [
                {"x": place % 30 / 30, "c": category, "k": str(place % 7), "label": str(place % 2)}
                for place, category in enumerate(values)
            ],
        )

    return {"before": rows(BEFORE), "after": rows(AFTER)}


@pytest.fixture
def build(rows, tmp_path):
    """The model of a family for the rows of a vocabulary, its weights following the seed."""

    def build(when, model, seed):
        data = rows[when]
        training = data.spec.training.model_copy(update={"seed": seed})
        spec = data.spec.model_copy(update={"model": model, "training": training})
        blueprint = Blueprint.of(spec, data.output, data.arrays, tmp_path)
        return blueprint.build("float32"), data.output, spec

    return build


@pytest.fixture
def started(build, tmp_path):
    """An earlier model, a later one that started from it, its weights before, and the report."""

    def started(earlier, later, when, **tables):
        old, transform, spec = build("before", earlier, seed=1)
        # Weights that start at 0, too, are to differ from those that begin anew.
        old.set_weights([weight + 0.5 for weight in old.get_weights()])
        export(old, transform, spec, tmp_path / "base")
        new, transform, spec = build(when, later, seed=2)
        fresh = by_path(new)
        spec = spec.model_copy(update=tables)
        return old, new, fresh, warm_start(new, tmp_path / "base", transform, spec)

    return started


def by_path(model):
    return {weight.path: weight.numpy() for weight in model.weights}


@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_model_of_the_same_columns_takes_over_every_weight(started, tmp_path, family, caplog):
    caplog.set_level("INFO", "headrace.progress")

    old, new, _, reused = started(FAMILIES[family], FAMILIES[family], "before")

    found, expected = by_path(new), by_path(old)
    assert list(found) == list(expected)
    for path, weight in found.items():
        assert weight.tobytes() == expected[path].tobytes(), path
    count = len(expected)
    told = f"warm start: {count} of {count} weights are those of {tmp_path / 'base'}"
    assert reused.told() == told
    assert told in caplog.messages


@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_vector_goes_with_its_category_wherever_that_stands_now(started, family):
    old, new, fresh, reused = started(FAMILIES[family], FAMILIES[family], "after")

    path = "embedding_c_xf/embeddings"
    was, found = by_path(old)[path], by_path(new)[path]
    # before: missing, a, b, c, unknown; now: missing, b, a, d, unknown
    assert found[[0, 1, 2, 4]].tolist() == was[[0, 2, 1, 4]].tolist()
    assert found[3].tolist() == fresh[path][3].tolist()
    assert path in reused.weights


@pytest.mark.parametrize("family", list(FAMILIES))
def test_hashed_categories_keep_their_vectors(started, family):
    old, new, _, reused = started(FAMILIES[family], FAMILIES[family], "after")

    path = "embedding_k_xf/embeddings"
    assert by_path(new)[path].tolist() == by_path(old)[path].tolist()
    assert path in reused.weights


def test_a_cross_of_categories_that_moved_begins_anew(started):
    _, new, fresh, reused = started(FAMILIES["wide_and_deep"], FAMILIES["wide_and_deep"], "after")

    path = "crossed_c_xf__k_xf/embeddings"
    assert reused.fresh == {path: "categories that it crosses have other ids"}
    assert by_path(new)[path].tolist() == fresh[path].tolist()


@pytest.mark.parametrize(("when", "anew"), [("before", 0), ("after", 2)])
def test_ids_of_a_users_own_preprocessing_are_taken_for_others_when_a_file_differs(
    started, when, anew
):
    mine = Preprocessing(function="mine.py:prepare")

    *_, reused = started(Mlp(hidden=(4,)), Mlp(hidden=(4,)), when, preprocessing=mine)

    assert len(reused.fresh) == anew
    assert set(reused.fresh.values()) <= {"the ids of your preprocessing.function may have changed"}


def test_a_layer_of_another_size_begins_anew_and_says_why(started, tmp_path):
    old, new, fresh, reused = started(Mlp(hidden=(4,)), Mlp(hidden=(6,)), "before")

    # 2 numbers of x, and the vectors of c and k
    inputs = by_path(old)["hidden_0/kernel"].shape[0]
    assert dict(reused.fresh) == {
        "hidden_0/kernel": f"it had ({inputs}, 4), not ({inputs}, 6)",
        "hidden_0/bias": "it had (4,), not (6,)",
        "logits/kernel": "it had (4, 1), not (6, 1)",
    }
    for path in reused.fresh:
        assert by_path(new)[path].tolist() == fresh[path].tolist()
    assert by_path(new)["logits/bias"].tolist() == [0.5]
    assert reused.told() == (
        f"warm start: 3 of 6 weights are those of {tmp_path / 'base'}; anew: "
        f"hidden_0/kernel (it had ({inputs}, 4), not ({inputs}, 6)), "
        "hidden_0/bias (it had (4,), not (6,)), logits/kernel (it had (4, 1), not (6, 1))"
    )


def test_vectors_of_another_length_begin_anew(started):
    small, large = Mlp(hidden=(4,), embedding_size=2), Mlp(hidden=(4,), embedding_size=3)

    *_, reused = started(small, large, "before")

    assert reused.fresh["embedding_c_xf/embeddings"] == "its vectors had 2 numbers, not 3"


def test_a_further_layer_begins_anew(started):
    *_, reused = started(Mlp(hidden=(4,)), Mlp(hidden=(4, 4)), "before")

    assert dict(reused.fresh) == {"hidden_1/kernel": "it had none", "hidden_1/bias": "it had none"}


def test_layers_that_a_user_did_not_name_are_found_again(started, tmp_path):
    pathlib.Path(tmp_path / "own.py").write_text(OWN, "utf-8")
    own = CustomModel(family="own.py:build")

    old, new, _, reused = started(own, own, "before")

    assert dict(reused.fresh) == {}
    assert "with.a.stop/kernel" in reused.weights
    for one, other in zip(new.get_weights(), old.get_weights(), strict=True):
        assert one.tolist() == other.tolist()
