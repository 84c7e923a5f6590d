"""A user's own preprocessing and model, from files beside the spec to a trained model."""

import json
import textwrap

import numpy as np
import pytest
import tensorflow as tf
from tfx.components.trainer.fn_args_utils import FnArgs

from modules.columns import columns
from modules.errors import SpecError
from modules.spec.learning import Interface
from modules.training import run as training

FEATURES = {"x": {"kind": "numeric"}}
ROWS = [{"x": 1.0, "label": "0"}, {"x": 3.0, "label": "1"}, {"label": "1"}]
OWN = {"preprocessing": {"function": "prepare.py:prepare"}}


@pytest.fixture
def write(tmp_path):
    """Writes the body of a function, with the imports that a user would have."""

    def write(file, signature, body):
        imports = "import keras\nimport tensorflow as tf\nimport tensorflow_transform as tft\n"
        imports += "from modules.preprocessing import dense\n"
        (tmp_path / file).write_text(
            f"{imports}def {signature}:\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
        )
        return tmp_path

    return write


def test_a_users_preprocessing_replaces_ours_and_the_label_stays(transform, write):
    folder = write(
        "prepare.py",
        "prepare(inputs)",
        """
        x = dense(inputs["x"], -1.0)
        return {"doubled": 2 * x, "ids": tft.compute_and_apply_vocabulary(tf.strings.as_string(x))}
        """,
    )

    rows = transform(FEATURES, ROWS, folder=folder, **OWN)

    assert set(rows.arrays) == {"doubled", "ids", "label_xf"}
    assert rows["doubled"].ravel().tolist() == [2, 6, -2]
    assert rows["label_xf"].ravel().tolist() == [0, 1, 1]
    widths = {column.name: column.width for column in columns(rows.output, rows.spec.label)}
    assert widths == {"doubled": 1, "ids": 1}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("return {'y': inputs['y']}", "raises KeyError: 'y'"),
        ("raise RuntimeError('no luck')", "raises RuntimeError: no luck"),
        ("return inputs['x']", r"returned SparseTensor, expected a dict of dense tensors by"),
    ],
)
def test_a_users_preprocessing_that_fails_is_told_by_its_key(transform, write, body, problem):
    folder = write("prepare.py", "prepare(inputs)", body)

    with pytest.raises(SpecError, match=f"^preprocessing.function: prepare.py:prepare {problem}"):
        transform(FEATURES, ROWS, folder=folder, **OWN)


def test_a_users_preprocessing_that_is_not_there_is_told(transform, write):
    folder = write("prepare.py", "prepaer(inputs)", "return {}")

    with pytest.raises(SpecError, match=r"no function 'prepare' in .*; did you mean 'prepaer'\?"):
        transform(FEATURES, ROWS, folder=folder, **OWN)


def test_columns_that_no_model_takes_are_told_together(transform, write):
    folder = write(
        "prepare.py",
        "prepare(inputs)",
        """
        x = dense(inputs["x"], 0.0)
        return {
            "fine": x,
            "flat": tf.reshape(x, [-1]),
            "ids": tf.cast(x, tf.int64),
            "sparse": inputs["x"],
            "text": tf.strings.as_string(x),
        }
        """,
    )
    rows = transform(FEATURES, ROWS, folder=folder, **OWN)

    with pytest.raises(SpecError) as raised:
        columns(rows.output, rows.spec.label)

    column = "preprocessing.function: column"
    assert raised.value.problems == (
        f"{column} 'flat' is sparse or of another rank, expected dense (batch, width)",
        f"{column} 'ids' holds int64 of unknown range, expected ids as "
        "tft.compute_and_apply_vocabulary and tft.bucketize give them; or cast to float32",
        f"{column} 'sparse' is sparse or of another rank, expected dense (batch, width)",
        f"{column} 'text' is string, expected float32 or int64 ids",
    )


@pytest.fixture(scope="module")
def rows(transform):
    """Transformed rows, for a model of the user's own."""
    model = {"family": "own.py:build", "settings": {"units": 3}}
    return transform(FEATURES, ROWS, model=model, training={"steps": 2, "batch_size": 2})


def test_a_users_builder_gets_columns_head_and_settings(rows, write):
    folder = write(
        "own.py",
        "build(columns, head, settings)",
        """
        (column,) = columns
        x = keras.Input((column.width,), name=column.name)
        hidden = keras.layers.Dense(settings["units"], name=head.task)(x)
        return keras.Model({column.name: x}, keras.layers.Dense(1, "sigmoid")(hidden))
        """,
    )

    model = rows.build(folder)

    assert model.get_layer("binary").units == 3
    assert model({"x_xf": rows["x_xf"]}).shape == (3, 1)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("return columns[1]", "model.family: own.py:build raises IndexError: list index out of"),
        ("return 'a model'", "model.family: own.py:build returned str, expected a keras.Model"),
        ("return", "model.family: own.py:build returned NoneType, expected a keras.Model"),
    ],
)
def test_a_users_builder_that_fails_is_told_by_its_key(rows, write, body, problem):
    folder = write("own.py", "build(columns, head, settings)", body)

    with pytest.raises(SpecError, match=f"^{problem}"):
        rows.build(folder)


def test_a_users_builder_that_is_not_there_is_told(rows, tmp_path):
    with pytest.raises(SpecError, match=r"^own.py:build: no Python file at .*own.py"):
        rows.build(tmp_path)


def test_trainer_writes_model_interface_and_history(rows, write, serialized):
    folder = write(
        "own.py",
        "build(columns, head, settings)",
        """
        x = keras.Input((2,), name="x_xf")
        return keras.Model({"x_xf": x}, keras.layers.Dense(1, "sigmoid")(x))
        """,
    )
    model, run = folder / "model", folder / "run"

    training.run_fn(
        FnArgs(
            train_files=[rows.files],
            eval_files=[rows.files],
            transform_output=rows.output.transform_savedmodel_dir.rpartition("/")[0],
            serving_model_dir=str(model),
            model_run_dir=str(run),
            custom_config={"spec": rows.spec.model_dump_json(), "folder": str(folder)},
        )
    )

    history = json.loads((run / "history.json").read_text())
    assert (history["steps_taken"], history["examples"]) == (2, {"train": 3, "valid": 3})
    interface = Interface.model_validate_json((model / Interface.FILE).read_text())
    assert interface.columns == {"x": "number"}
    score = tf.saved_model.load(str(model)).signatures["serving_default"]
    examples = tf.constant([serialized({"x": 1.0}), serialized({})])
    assert np.isfinite(score(examples=examples)["probability"]).all()


def test_trainer_gives_the_same_model_for_the_same_seed(rows, serialized, tmp_path):
    def scores(folder, seed):
        spec = rows.spec.model_dump(mode="json") | {"model": {"hidden": [4]}}
        spec["training"] |= {"seed": seed}
        training.run_fn(
            FnArgs(
                train_files=[rows.files],
                eval_files=[rows.files],
                transform_output=rows.output.transform_savedmodel_dir.rpartition("/")[0],
                serving_model_dir=str(tmp_path / folder / "model"),
                model_run_dir=str(tmp_path / folder / "run"),
                custom_config={"spec": json.dumps(spec), "folder": str(tmp_path)},
            )
        )
        score = tf.saved_model.load(str(tmp_path / folder / "model")).signatures["serving_default"]
        examples = tf.constant([serialized({"x": x}) for x in (-1.0, 0.0, 5.0)])
        return score(examples=examples)["probability"].numpy().tolist()

    first = scores("first", seed=1)
    assert scores("again", seed=1) == first
    assert scores("other", seed=2) != first
