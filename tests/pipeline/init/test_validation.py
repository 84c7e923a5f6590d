"""The schema of init beside the data it was made from: nothing may be found amiss."""

import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from components.example_gen.config import splits_of
from components.example_gen.findings import Findings
from components.example_gen.reading import typed_batches
from components.example_gen.splitting import assign

DATA = pathlib.Path(__file__).parents[3] / "data"
SEEDS = range(5)


def anomalies(made, path, split):
    """By split, what TFDV finds, of the rows as ExampleGen reads and divides them."""
    import tensorflow_data_validation as tfdv
    from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory
    from tfx_bsl.coders import example_coder

    from components.example_gen.writing import tf_examples

    table = made.spec.table("csv").model_copy(update={"split": split})
    names = list(table.columns)
    found = {}
    batches = pa.Table.from_batches(typed_batches(path, table, Findings())).combine_chunks()
    batch = batches.to_batches()[0]
    batch = batch.filter(pc.is_valid(batch.column(table.label)))
    places = assign(batch, names, table.split)
    for place, name in enumerate(splits_of(table.split)):
        examples = tf_examples(batch.filter(pa.array(places == place)).select(names))
        decoded = example_coder.ExamplesToRecordBatchDecoder().DecodeBatch(examples.to_pylist())
        statistics = generate_statistics_in_memory(decoded, tfdv.StatsOptions())
        found[name] = dict(tfdv.validate_statistics(statistics, made.schema).anomaly_info)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "label"), [("penguins", "species"), ("diamonds", "price"), ("flights", "late")]
)
def test_a_data_set_has_no_anomalies_however_it_is_divided(make, tmp_path, name, label):
    path = DATA / name / f"{name}.csv"
    made = make(path, label, tmp_path)

    for seed in SEEDS:
        split = made.spec.data.split.model_copy(update={"seed": seed})
        found = anomalies(made, path, split)
        assert found == {name: {} for name in ("train", "valid", "eval")}


@pytest.mark.slow
def test_flights_have_no_anomalies_when_divided_by_time(make, tmp_path):
    path = DATA / "flights" / "flights.csv"
    made = make(path, "late", tmp_path, time="sched_dep")

    assert not any(anomalies(made, path, made.spec.data.split).values())


@pytest.mark.slow
@pytest.mark.parametrize("rows", [60, 250, 1_000])
def test_small_tables_with_gaps_have_no_anomalies_however_they_are_divided(write, make, rows):
    random = np.random.default_rng(rows)
    columns = {"x": random.normal(size=rows).round(3), "y": random.integers(0, 2, rows)}
    for share in (0.02, 0.1, 0.5, 0.9, 0.98):
        columns[f"number {share}"] = np.where(random.random(rows) < share, "", columns["x"])
        words = random.choice(["a", "b", "c"], rows, p=[0.05, 0.05, 0.9])
        columns[f"category {share}"] = np.where(random.random(rows) < share, "", words)
    path = write(columns)
    made = make(path, "y")

    for seed in SEEDS:
        split = made.spec.data.split.model_copy(update={"seed": seed})
        assert not any(anomalies(made, path, split).values())


@pytest.mark.slow
def test_what_is_amiss_is_found(write, make):
    random = np.random.default_rng(0)
    columns = {
        "amount": random.exponential(size=2_000),
        "colour": random.choice(["red", "blue"], 2_000),
        "y": random.integers(0, 2, 2_000),
    }
    made = make(write(columns), "y")
    columns["amount"] = -columns["amount"]
    columns["colour"] = np.where(random.random(2_000) < 0.1, "green", columns["colour"])

    found = anomalies(made, write(columns, "new.csv"), made.spec.data.split)["eval"]

    assert found.keys() == {"amount", "colour"}
