"""Our Evaluator gives what TFX's gives, for the same models, rows and rules."""

import json
import pathlib

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from google.protobuf import text_format
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.writers import metrics_plots_and_validations_writer as writer
from tfx import components as tfx
from tfx.components.evaluator import executor as stock
from tfx.components.util import examples_utils
from tfx.proto import example_gen_pb2
from tfx.types import Channel, standard_artifacts
from tfx.utils import proto_utils

from components import columns
from components.evaluator.component import Evaluator
from components.evaluator.config import WRONG, Judging
from components.evaluator.executor import Executor
from components.evaluator.found import Importance, Residuals
from components.evaluator.judging import judge as judge_files
from components.evaluator.scope import ByRows, plan
from components.evaluator.verdict import Verdict
from modules.export import export
from modules.preprocessing import transformed
from pipeline.beam import Beam, beam_args
from pipeline.evaluation import eval_config
from pipeline.spec import load

# TFMA divides by zero where a metric is undefined, and takes the logarithm of 0.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:tensorflow_model_analysis")

LOSSES = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mean_squared_error",
}
LABELS = {
    "binary": {"column": "y", "task": "binary"},
    "multiclass": {"column": "y", "task": "multiclass", "classes": ["a", "b", "ç"]},
    "regression": {"column": "y", "task": "regression"},
}
# The slices: a column, a cross of columns; some rows have no value there.
SPEC = """
name = "small"
data = {{ source = "rows.csv" }}
label = {label}
features = {{ x = {{ kind = "numeric" }}, carrier = {{ kind = "categorical" }} }}
[evaluation]
slices = ["carrier", ["origin", "carrier"]]
rules = {rules}
"""


def rows_of(task):
    """40 rows; the only one of carrier "é" has a missing x, and every seventh has no origin."""
    random = np.random.default_rng(1)
    values = {"binary": ["0", "1"], "multiclass": ["a", "b", "ç"], "regression": None}[task]
    for row in range(40):
        x = random.normal()
        label = float(x + random.normal()) if values is None else random.choice(values).item()
        made = {"x": x, "carrier": "UA" if row % 3 else "AA", "origin": f"o{row % 2}", "y": label}
        if row == 5:
            made |= {"x": None, "carrier": "é"}
        if row % 7 == 0:
            made |= {"origin": None}
        yield made


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    """The spec of a task with rules."""

    def spec(task, rules):
        label = ", ".join(f"{key} = {json.dumps(value)}" for key, value in LABELS[task].items())
        written = [
            "{" + ", ".join(f"{key} = {json.dumps(value)}" for key, value in rule.items()) + "}"
            for rule in rules
        ]
        file = tmp_path_factory.mktemp("spec") / "spec.toml"
        text = SPEC.format(label=f"{{ {label} }}", rules=f"[{', '.join(written)}]")
        file.write_text(text, encoding="utf-8")
        return load(file)

    return spec


@pytest.fixture(scope="module")
def models(transform, tmp_path_factory):
    """Two exported models of a task, a little and a little better trained."""
    made = {}

    def models(task):
        if task not in made:
            features = {"x": {"kind": "numeric"}, "carrier": {"kind": "categorical"}}
            rows = transform(features, list(rows_of(task)), LABELS[task], model={"hidden": [4]})
            made[task] = [_learned(rows, epochs, tmp_path_factory) for epochs in (5, 1)]
        return made[task]

    return models


def _learned(rows, epochs, tmp_path_factory):
    keras.utils.set_random_seed(0)
    artifact = standard_artifacts.Model()
    artifact.uri = str(tmp_path_factory.mktemp("model"))
    folder = pathlib.Path(artifact.uri, "Format-Serving")
    model = rows.build(folder)
    inputs = dict(rows.arrays)
    label = inputs.pop(transformed(rows.spec.label.column))
    model.compile(keras.optimizers.Adam(0.1), LOSSES[rows.spec.label.task])
    model.fit(inputs, label, epochs=epochs, verbose=0)
    export(model, rows.output, rows.spec, folder)
    artifact.id = epochs
    artifact.set_string_custom_property("tfx_version", "1.21.0")
    return artifact


@pytest.fixture(scope="module")
def examples(serialized, tmp_path_factory):
    """Rows as an Examples artifact, as tf.Examples and, if asked, as columns."""

    def examples(rows, in_columns=True):
        artifact = standard_artifacts.Examples()
        artifact.uri = str(tmp_path_factory.mktemp("examples"))
        artifact.split_names = '["eval"]'
        artifact.set_string_custom_property("tfx_version", "1.21.0")
        examples_utils.set_payload_format(artifact, example_gen_pb2.FORMAT_TF_EXAMPLE)
        folder = pathlib.Path(artifact.uri, "Split-eval")
        folder.mkdir()
        with tf.io.TFRecordWriter(str(folder / "part.gz"), "GZIP") as file:
            for row in rows:
                present = {name: value for name, value in row.items() if value is not None}
                file.write(serialized(present))
        if in_columns:
            numbers = {
                name for name in rows[0] if any(isinstance(row[name], float) for row in rows)
            }
            types = {name: pa.float32() if name in numbers else pa.string() for name in rows[0]}
            table = pa.Table.from_pylist(rows, pa.schema(types))
            file = pathlib.Path(columns.folder(artifact.uri, "eval"), "0.parquet")
            file.parent.mkdir(parents=True)
            pq.write_table(table, file)
        return artifact

    return examples


class Judged:
    """What an executor wrote."""

    def __init__(self, evaluation, blessing):
        self.evaluation = f"{evaluation.uri}/metrics"
        self.validation = tfma.load_validation_result(evaluation.uri)
        self.metrics = {
            (self._slice(each), found.key.SerializeToString(deterministic=True)): (
                found.value.double_value.value
            )
            for each in writer.load_and_deserialize_metrics(f"{evaluation.uri}/metrics")
            for found in each.metric_keys_and_values
        }
        self.plots = sorted(
            text_format.MessageToString(each)
            for each in writer.load_and_deserialize_plots(f"{evaluation.uri}/plots")
        )
        self.files = {path.name for path in pathlib.Path(evaluation.uri).iterdir()}
        self.files -= {WRONG, Importance.FILE, Residuals.FILE}  # ours alone
        self.run = json.loads(pathlib.Path(evaluation.uri, "eval_config.json").read_text())
        names = {path.name for path in pathlib.Path(blessing.uri).iterdir()}
        self.blessing = sorted(names - {Verdict.FILE})
        self.reasons = None  # TFX's own gives none
        if Verdict.FILE in names:
            text = pathlib.Path(blessing.uri, Verdict.FILE).read_text(encoding="utf-8")
            self.reasons = Verdict.model_validate_json(text)
        said = blessing.mlmd_artifact.custom_properties
        self.sentence = said.pop("verdict").string_value if "verdict" in said else None
        self.properties = text_format.MessageToString(blessing.mlmd_artifact).replace(
            blessing.uri, ""
        )
        self.shown = tfma.load_eval_result(evaluation.uri).get_metrics_for_slice()

    @staticmethod
    def _slice(each):
        return each.slice_key.SerializeToString(deterministic=True)

    def verdict(self):
        """What is judged, whatever the order of slices, without the values that broke a rule."""
        return (
            self.validation.validation_ok,
            self.validation.rubber_stamp,
            sorted(map(str, self.validation.missing_slices)),
            sorted(map(str, self.validation.validation_details.slicing_details)),
            sorted(self._failure(*each) for each in self._failures()),
        )

    def _failures(self):
        for of_slice in self.validation.metric_validations_per_slice:
            for failure in of_slice.failures:
                yield of_slice.slice_key, failure

    @staticmethod
    def _failure(key, failure):
        return f"{key}{failure.metric_key}{failure.metric_threshold}{failure.message}"


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """Runs an executor as TFX does."""

    def judge(kind, rows, model, config, baseline=None, judging=None):
        folder = tmp_path_factory.mktemp("out")
        evaluation, blessing = (
            standard_artifacts.ModelEvaluation(),
            standard_artifacts.ModelBlessing(),
        )
        for artifact in (evaluation, blessing):
            artifact.uri = str(folder / artifact.type_name)
            pathlib.Path(artifact.uri).mkdir()
        context = kind.Context(
            beam_pipeline_args=beam_args(Beam()), tmp_dir=str(folder / "tmp"), unique_id="1"
        )
        given = {"examples": [rows], "model": [model]}
        given |= {"baseline_model": [baseline]} if baseline else {}
        properties = {
            "eval_config": proto_utils.proto_to_json(config),
            "example_splits": '["eval"]',
            "current_component_id": "Evaluator",
        }
        properties |= {Judging.KEY: judging.model_dump_json()} if judging else {}
        written = {"evaluation": [evaluation], "blessing": [blessing]}
        kind(context).Do(given, written, properties)
        return Judged(evaluation, blessing)

    return judge


HOLDS, BREAKS = {"min": 0.0}, {"min": 0.99}
CASES = {
    "binary": [
        {"metric": "auc", **HOLDS},
        {"metric": "accuracy", "slice": "carrier", **BREAKS},
        {"metric": "precision", "slice": "carrier", **HOLDS},  # NaN where nobody is said positive
        {"metric": "log_loss", "change_max": -5.0},
        {"metric": "auc", "slice": "origin", "change_min": -1.0},
    ],
    "multiclass": [
        {"metric": "accuracy", **HOLDS},
        {"metric": "log_loss", "slice": ["carrier", "origin"], "max": 50.0},
        {"metric": "accuracy", "change_min": 1.0},  # not judged: there is no baseline
    ],
    "regression": [
        {"metric": "rmse", "max": 0.001},
        {"metric": "mae", "slice": "carrier", "change_max": 100.0},
    ],
}
HAS_BASELINE = {"binary": True, "multiclass": False, "regression": True}


@pytest.mark.parametrize("task", CASES)
def test_metrics_verdict_blessing_and_files_are_those_of_tfx(task, spec, models, examples, judge):
    candidate, baseline = models(task)
    baseline = baseline if HAS_BASELINE[task] else None
    rows, config = examples(list(rows_of(task))), eval_config(spec(task, CASES[task]))

    ours, theirs = (
        judge(kind, rows, candidate, config, baseline) for kind in (Executor, stock.Executor)
    )

    # TFMA adds up RMSE and what is sparse in float32, we in float64.
    assert ours.metrics == pytest.approx(theirs.metrics, rel=1e-6, abs=1e-7, nan_ok=True)
    assert ours.verdict() == theirs.verdict()
    assert ours.plots == theirs.plots
    assert (ours.blessing, ours.properties) == (theirs.blessing, theirs.properties)
    assert ours.reasons.blessed == theirs.validation.validation_ok
    assert ours.sentence == ours.reasons.sentence
    assert (ours.files, ours.run) == (theirs.files, theirs.run)
    assert ours.shown.keys() == theirs.shown.keys()


@pytest.fixture(scope="module")
def small(models, examples, spec):
    """A model of numbers, its rows and a rule that it holds."""
    config = eval_config(spec("regression", [{"metric": "rmse", "max": 100.0}]))
    return models("regression")[0], list(rows_of("regression")), config


def test_examples_without_columns_are_judged_alike(small, examples, judge):
    model, rows, config = small

    found = [judge(Executor, examples(rows, kept), model, config) for kept in (True, False)]

    assert found[0].metrics == pytest.approx(found[1].metrics, rel=1e-6, nan_ok=True)
    assert found[0].blessing == found[1].blessing == ["BLESSED"]


def test_no_rows_bless_nothing(small, examples, judge):
    model, _, config = small

    found = judge(Executor, examples([], in_columns=False), model, config)

    assert found.blessing == ["NOT_BLESSED"]
    assert not found.metrics


def test_without_a_rule_there_is_no_blessing(small, examples, judge):
    model, rows, config = small
    without = config_pb2.EvalConfig()
    without.CopyFrom(config)
    for metric in without.metrics_specs[0].metrics:
        metric.ClearField("threshold")
        metric.ClearField("per_slice_thresholds")

    found = judge(Executor, examples(rows), model, without)

    assert found.blessing == []
    assert found.metrics


def weighted(rows):
    """Rows of which every third counts for four."""
    return [{**row, "w": 4.0 if place % 3 == 0 else 1.0} for place, row in enumerate(rows)]


def test_metrics_of_weighted_rows_are_those_of_tfx(spec, models, examples, judge):
    candidate, baseline = models("binary")
    asked = spec("binary", CASES["binary"])
    evaluation = asked.evaluation.model_copy(update={"weight": "w"})
    config = eval_config(asked.model_copy(update={"evaluation": evaluation}))
    rows = examples(weighted(rows_of("binary")))

    ours, theirs = (
        judge(kind, rows, candidate, config, baseline) for kind in (Executor, stock.Executor)
    )

    assert ours.metrics == pytest.approx(theirs.metrics, rel=1e-6, abs=1e-7, nan_ok=True)
    assert ours.verdict() == theirs.verdict()
    assert {rule.rows for rule in ours.reasons.rules if not rule.columns} == {40}  # not weights
    folder = pathlib.Path(theirs.evaluation).parent
    assert judge_files(str(folder)).broken == ours.reasons.broken  # that of TFX has no verdict


def test_a_row_without_a_weight_stops_the_evaluation(small, examples, judge):
    model, rows, config = small
    asked = config_pb2.EvalConfig()
    asked.CopyFrom(config)
    asked.model_specs[0].example_weight_key = "w"
    rows = weighted(rows)
    rows[3] |= {"w": None}

    with pytest.raises(Exception, match="Column 'w' gives 1 rows of a batch no weight"):
        judge(Executor, examples(rows), model, asked)


def test_numbers_are_sliced_by_the_ranges_they_are_in(small, examples, judge):
    model, rows, config = small
    asked = config_pb2.EvalConfig()
    asked.CopyFrom(config)
    asked.slicing_specs.add(feature_keys=["x"])

    found = judge(Executor, examples(rows), model, asked, judging=Judging(buckets={"x": (0, 1)}))

    counted = {
        each.slice_key.single_slice_keys[0].bytes_value.decode(): value.value.double_value.value
        for each in writer.load_and_deserialize_metrics(found.evaluation)
        for value in each.metric_keys_and_values
        if value.key.name == "example_count"
        and [key.column for key in each.slice_key.single_slice_keys] == ["x"]
    }
    numbers = [row["x"] for row in rows if row["x"] is not None]
    assert counted == {
        "< 0": sum(number < 0 for number in numbers),
        "0 to < 1": sum(0 <= number < 1 for number in numbers),
        ">= 1": sum(number >= 1 for number in numbers),
    }


def test_a_model_is_blessed_by_force_on_record(spec, models, examples, judge):
    config = eval_config(spec("regression", [{"metric": "rmse", "max": 0.0}]))
    rows, forced = list(rows_of("regression")), Judging(forced_by="anna: a drill")

    found = judge(Executor, examples(rows), models("regression")[0], config, judging=forced)

    assert found.blessing == ["BLESSED"]
    assert found.reasons.forced_by == "anna: a drill"
    assert found.sentence.startswith("forced by anna: a drill; otherwise not: rmse is ")
    assert 'key: "forced_by"' in found.properties


def test_what_is_evaluated_row_by_row_has_a_verdict_too(small, examples, judge):
    model, rows, config = small
    more = config_pb2.EvalConfig()
    more.CopyFrom(config)
    more.metrics_specs[0].metrics.add(class_name="MeanAbsolutePercentageError")
    forced = Judging(forced_by="anna: a drill")
    more.metrics_specs[0].metrics[1].per_slice_thresholds[0].threshold.CopyFrom(
        config_pb2.MetricThreshold(value_threshold={"upper_bound": {"value": 0.0}})
    )

    held, forced = (judge(Executor, examples(rows), model, more, judging=j) for j in (None, forced))

    assert (held.blessing, forced.blessing) == (["NOT_BLESSED"], ["BLESSED"])
    assert held.sentence.startswith("rmse is ")


def test_ranges_of_numbers_row_by_row_are_refused(small, examples, judge):
    model, rows, config = small
    more = config_pb2.EvalConfig()
    more.CopyFrom(config)
    more.metrics_specs[0].metrics.add(class_name="MeanAbsolutePercentageError")

    with pytest.raises(ValueError, match="need an evaluation in columns, and it asks for the metr"):
        judge(Executor, examples(rows), model, more, judging=Judging(buckets={"x": (0.0,)}))


def test_a_metric_that_no_totals_give_is_left_to_tfx(small, examples, judge, caplog):
    model, rows, config = small
    more = config_pb2.EvalConfig()
    more.CopyFrom(config)
    more.metrics_specs[0].metrics.add(class_name="MeanAbsolutePercentageError")
    caplog.set_level("INFO", "components.evaluator")

    found = judge(Executor, examples(rows), model, more)

    assert "Evaluated row by row, by TFX's own executor: it asks for the metric mean_abs" in (
        caplog.text
    )
    assert found.shown["mean_absolute_percentage_error"]["doubleValue"] > 0
    assert found.blessing == ["BLESSED"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("slicing_specs { feature_values { key: 'carrier' value: 'AA' } }", "its SlicingSpec has"),
        ("slicing_specs { feature_keys: 'x_xf' }", "its slicing_specs asks for what"),
        ("options { compute_confidence_intervals { value: true } }", "its confidence intervals"),
        ("options { disabled_outputs { values: 'plots' } }", "its Options has disabled_outputs"),
        ("cross_slicing_specs {}", "its EvalConfig has cross_slicing_specs"),
        ("metrics_specs { metrics { class_name: 'NDCG' } query_key: 'q' }", "has query_key"),
        ("metrics_specs { metrics { class_name: 'AUC' } }", "the metric _calibration_histogram"),
        (
            "metrics_specs { metrics { class_name: 'BinaryCrossEntropy' "
            "config: '{\"from_logits\": true}' } }",
            "the metric binary_crossentropy",
        ),
    ],
)
def test_what_we_do_not_know_is_left_to_tfx(small, change, said):
    model, _, config = small
    changed = config_pb2.EvalConfig()
    changed.CopyFrom(config)
    changed.MergeFrom(text_format.Parse(change, config_pb2.EvalConfig()))

    with pytest.raises(ByRows, match=said):
        plan({"model": [model]}, {"eval_config": proto_utils.proto_to_json(changed)})


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("label_key", "other", "its label_key asks for what"),
        ("prediction_key", "other", "its prediction_key asks for what"),
        ("signature_name", "serving_raw", "its signature_name asks for what"),
        ("padding_options", config_pb2.PaddingOptions(), "its ModelSpec has padding_options"),
    ],
)
def test_a_model_that_is_asked_otherwise_is_left_to_tfx(small, field, value, said):
    model, _, config = small
    changed = config_pb2.EvalConfig()
    changed.CopyFrom(config)
    changed.model_specs[0].MergeFrom(config_pb2.ModelSpec(**{field: value}))

    with pytest.raises(ByRows, match=said):
        plan({"model": [model]}, {"eval_config": proto_utils.proto_to_json(changed)})


def test_a_model_of_other_code_is_left_to_tfx(small, tmp_path):
    _, _, config = small
    foreign = standard_artifacts.Model()
    foreign.uri = str(tmp_path)
    foreign.set_string_custom_property("tfx_version", "1.21.0")
    tf.saved_model.save(tf.Module(), str(tmp_path / "Format-Serving"))

    with pytest.raises(ByRows, match="has no assets"):
        plan({"model": [foreign]}, {"eval_config": proto_utils.proto_to_json(config)})


def test_other_inputs_are_left_to_tfx(small):
    model, _, config = small
    asked = {"eval_config": proto_utils.proto_to_json(config)}

    with pytest.raises(ByRows, match="a module of the user's"):
        plan({"model": [model]}, {**asked, "module_path": "mine@wheel"})
    with pytest.raises(ByRows, match="no EvalConfig"):
        plan({"model": [model]}, {"feature_slicing_spec": "{}"})
    with pytest.raises(ByRows, match="its input model is not one model"):
        plan({}, asked)
    with pytest.raises(ByRows, match="its input examples is not one artifact"):
        plan({"model": [model]}, asked)


def test_the_component_is_that_of_tfx_but_for_its_executor(small):
    channels = {
        "examples": Channel(standard_artifacts.Examples),
        "model": Channel(standard_artifacts.Model),
        "eval_config": small[2],
    }

    ours, theirs = Evaluator(**channels), tfx.Evaluator(**channels)

    assert ours.spec.exec_properties == theirs.spec.exec_properties
    assert ours.inputs.keys() == theirs.inputs.keys()
    assert ours.outputs.keys() == theirs.outputs.keys()
    assert ours.executor_spec.executor_class is Executor
