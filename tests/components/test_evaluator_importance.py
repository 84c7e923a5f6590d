"""How much a model relies on each column, and how far off it is, by a sample of rows."""

import types

import apache_beam as beam
import keras
import numpy as np
import pyarrow as pa
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from components.columns import as_lists
from components.evaluator import scoring, shuffling
from components.evaluator.config import Judging
from components.evaluator.explaining import Explain
from components.evaluator.found import Importance, Residuals
from components.evaluator.residuals import POINTS, residuals
from components.evaluator.sample import Rows, Sampled
from components.evaluator.scoring import Answers, Model, Score, Served
from components.evaluator.shuffling import SCORED, extent, importance, shuffle
from components.signature import ROWS, Signature
from modules.export import export
from modules.spec.label import Label
from modules.spec.learning import Interface
from pipeline.beam import Beam, beam_args

NUMBER = Label(column="y", task="regression")
COLUMNS = {"x": "number", "z": "number"}
ROWS_OF_DATA = 400


def says(column):
    """A model that says what is in a column."""
    return lambda batch: batch[column].to_numpy(zero_copy_only=False)[:, np.newaxis]


def rows(labels, predictions, weights=None, **features):
    types_ = {name: pa.array(values, pa.float32()) for name, values in features.items()}
    predictions = np.array(predictions, np.float32)[:, np.newaxis]
    return Rows(pa.table(types_), Answers(np.array(labels), predictions, weights))


@pytest.fixture(scope="module")
def served(transform, tmp_path_factory):
    """A model that says x, which is as it was read: its mean is 0, its standard deviation 1."""
    features = {name: {"kind": "numeric"} for name in COLUMNS}
    given = [{"x": x, "z": z, "y": 0.0} for x, z in ((-1.0, -1.0), (1.0, 1.0))]
    made = transform(features, given, {"column": "y", "task": "regression"})
    inputs = {f"{name}_xf": keras.Input((2,), name=f"{name}_xf") for name in COLUMNS}
    said = inputs["x_xf"][:, :1] + 0.0 * inputs["z_xf"][:, :1]
    folder = tmp_path_factory.mktemp("model") / "model"
    export(keras.Model(inputs, said), made.output, made.spec, folder)
    return Served(str(folder), made.spec.interface(), "prediction")


@pytest.fixture
def explained(served, tmp_path):
    """Has rows judged and explained by Beam, in some batches."""

    def explained(table, settings=None, batch=64):
        batches = [as_lists(each) for each in table.to_batches(max_chunksize=batch)]
        model = Model(served)
        with beam.Pipeline(options=PipelineOptions(beam_args(Beam()))) as pipeline:
            _ = (
                pipeline
                | beam.Create(batches)
                | beam.ParDo(Score({"candidate": model}, []))
                | Explain("candidate", model, settings or Judging(), str(tmp_path))
            )
        return tmp_path

    return explained


def halves(count=ROWS_OF_DATA):
    """Half of x is 1, half -1; the label is x, and z anything."""
    x = np.resize([-1.0, 1.0], count)
    z = np.random.default_rng(1).normal(size=count)
    columns = {"x": x, "z": z, "y": x}
    return pa.table({name: pa.array(values, pa.float32()) for name, values in columns.items()})


def test_the_loss_rises_by_a_column_that_the_model_uses_and_by_no_other(explained):
    text = (explained(halves()) / Importance.FILE).read_text()

    found = Importance.model_validate_json(text)
    # The model is right: its loss is 0. A shuffled x is off by 2 in 200 / 399 of the rows, in
    # expectation; k of the 200 rows with 1 get -1, k of variance 200 / 4 * 200 / 399 = 25, and the
    # rise is 4 k / 400. The mean of three has a standard deviation of 0.05 / sqrt(3) = 0.03.
    assert (found.loss, found.baseline, found.rows, found.repeats) == ("absolute error", 0, 400, 3)
    assert [each.column for each in found.columns] == ["x", "z"]
    used, unused = found.columns
    assert used.rise == pytest.approx(400 / 399, abs=4 * 0.03)
    assert 0 < used.deviation < 0.2
    assert (unused.rise, unused.deviation) == (0, 0)


def test_it_does_not_matter_how_rows_are_cut_into_batches(explained):
    found = [(explained(halves(), batch=size) / Importance.FILE).read_text() for size in (64, 400)]

    assert found[0] == found[1]


def test_the_model_is_loaded_once(explained, monkeypatch):
    loaded = []

    class Counted(Signature):
        def __init__(self, *given):
            loaded.append(given)
            super().__init__(*given)

    monkeypatch.setattr(scoring, "Signature", Counted)

    explained(halves())

    assert len(loaded) == 1


def test_residuals_are_label_minus_prediction(explained):
    table = pa.table({name: pa.array([2.0, -1.0], pa.float32()) for name in "xyz"})
    table = table.set_column(1, "y", pa.array([5.0, -1.5], pa.float32()))

    found = Residuals.model_validate_json((explained(table) / Residuals.FILE).read_text())

    said = sorted(zip(found.predictions, found.residuals, strict=True))
    assert found.quantile is None
    assert said == [(-1, pytest.approx(-0.5)), (2, pytest.approx(3))]


def test_what_is_not_asked_for_is_not_written(explained):
    folder = explained(halves(), Judging(importance=False))

    assert [path.name for path in folder.iterdir()] == [Residuals.FILE]


def test_no_rows_have_no_importance_and_no_residuals(explained):
    folder = explained(halves().set_column(2, "y", pa.nulls(ROWS_OF_DATA, pa.float32())))

    found = Importance.model_validate_json((folder / Importance.FILE).read_text())
    assert (found.rows, found.baseline, found.columns) == (0, None, ())
    assert Residuals.model_validate_json((folder / Residuals.FILE).read_text()).residuals == ()


def test_rows_count_by_their_weights():
    # Of half of the rows the label is x, of the others 0.5, from which x is 0.5 off in any case.
    x = np.resize([0.0, 0.0, 1.0, 1.0], 800)
    labels = np.where(np.resize([True, False], 800), x, 0.5)
    weights = np.where(np.resize([True, False], 800), 3.0, 1.0)

    plain = importance(rows(labels, x, x=x), NUMBER, ["x"], 3, says("x"))
    weighted = importance(rows(labels, x, weights, x=x), NUMBER, ["x"], 3, says("x"))

    # Mean losses of (0 + 0.5) / 2 and (3 * 0 + 0.5) / 4; a shuffled x is wrong in half of the rows
    # by 1: (0.5 + 0) / 2 and (3 * 0.5 + 0) / 4 more.
    assert (plain.baseline, weighted.baseline) == (0.25, 0.125)
    assert plain.columns[0].rise == pytest.approx(0.25, abs=0.05)
    assert weighted.columns[0].rise == pytest.approx(0.375, abs=0.05)


def test_a_missing_value_changes_rows_as_any_other():
    x = np.resize([1.0, np.nan], 400)
    table = pa.array(x, pa.float32(), from_pandas=True)
    asked = []

    def says_if_missing(batch):
        asked.append(batch)
        return batch["x"].is_null().to_numpy(zero_copy_only=False).astype(np.float32)[:, np.newaxis]

    missing = np.isnan(x).astype(float)
    given = Rows(pa.table({"x": table}), rows(missing, missing, x=x).answers)

    found = importance(given, NUMBER, ["x"], 3, says_if_missing)

    assert [batch["x"].null_count for batch in asked] == [3 * 200]
    assert found.columns[0].rise == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("columns", [1, 13, 21, 75, 500, 2_000])
def test_many_columns_cost_no_more_than_few(columns):
    names = [f"x{place}" for place in range(columns)]
    count, repeats = extent(columns)
    one, sizes = np.zeros(count), []

    def ask(batch):
        sizes.append(batch.num_rows)
        return np.zeros((batch.num_rows, 1), np.float32)

    importance(rows(one, one, **dict.fromkeys(names, one)), NUMBER, names, repeats, ask)

    assert repeats >= 2
    assert sum(sizes) == columns * count * repeats <= SCORED
    assert max(sizes) <= ROWS
    assert len(sizes) <= 2 * sum(sizes) / ROWS + 1  # no call is small but the last


def test_a_rise_that_is_no_number_is_unknown_and_comes_last():
    x = np.arange(20.0)

    def says_infinity_if_they_differ(batch):
        found, other = (batch[name].to_numpy() for name in ("x", "z"))
        return np.where(found == other, 0, np.inf).astype(np.float32)[:, np.newaxis]

    given = rows(x * 0, x * 0, u=x, x=x, z=x)

    found = importance(given, NUMBER, ["x", "z", "u"], 2, says_infinity_if_they_differ)

    assert [(each.column, each.rise) for each in found.columns] == [
        ("u", 0),
        ("x", None),
        ("z", None),
    ]


def test_the_label_is_never_shuffled(tmp_path):
    interface = Interface(label=NUMBER, columns={"x": "number", "y": "number"})
    given = rows([1.0, 2.0], [1.0, 2.0], x=[1.0, 2.0], y=[1.0, 2.0])
    model = types.SimpleNamespace(
        served=types.SimpleNamespace(interface=interface),
        loaded=lambda: types.SimpleNamespace(predictions=says("x")),
    )

    shuffle(Sampled(np.array([0.1, 0.2]), np.array([1, 1]), given), model, str(tmp_path / "found"))

    found = Importance.model_validate_json((tmp_path / "found").read_text())
    assert [each.column for each in found.columns] == ["x"]


def test_residuals_of_quantiles_are_those_of_the_one_nearest_to_the_median():
    label = Label(column="y", task="quantile", quantiles=(0.1, 0.6, 0.9))
    answers = Answers(np.array([3.0]), np.array([[1.0, 2.5, 4.0]], np.float32))

    found = residuals(Rows(pa.table({"x": [0.0]}), answers), label)

    assert (found.quantile, found.predictions, found.residuals) == (0.6, (2.5,), (0.5,))


def test_there_are_no_more_points_than_a_page_can_show():
    many = np.zeros(POINTS + 1)
    given = rows(many, many, x=np.arange(POINTS + 1))
    sampled = Sampled(np.linspace(0, 0.9, POINTS + 1), np.ones(POINTS + 1, np.int64), given)

    assert len(residuals(sampled.draw(POINTS), NUMBER).residuals) == POINTS


def test_progress_is_told(caplog, monkeypatch):
    monkeypatch.setattr(shuffling.progress, "SECONDS", 0)
    caplog.set_level("INFO", "headrace.progress")
    x = np.zeros(10)

    importance(rows(x, x, x=x), NUMBER, ["x"], 2, says("x"))

    assert "20 rows judged with a column shuffled" in caplog.text
