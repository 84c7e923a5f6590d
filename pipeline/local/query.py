"""A script that shows how to query a pushed model, with a row of the data to start from."""

import pathlib
from collections.abc import Mapping

from components.example_gen import files
from components.example_gen.findings import Findings
from components.example_gen.reading import typed_batches
from modules.spec.features import argument_name
from pipeline.spec import Spec

_SCRIPT = '''"""Scores rows with the model of run {run}. Needs TensorFlow and nothing else."""

import sys

import tensorflow as tf

MODEL = {model!r}
nan = float("nan")
# By feature, a value a row. A missing value is nan for a number, and "" for a text.
ROWS = {{
{rows}}}

model = tf.saved_model.load(sys.argv[1] if len(sys.argv) > 1 else MODEL)
score = model.signatures["serving_raw"]
dtypes = {{name: spec.dtype for name, spec in score.structured_input_signature[1].items()}}
columns = {{name: tf.constant([[v] for v in ROWS[name]], dtypes[name]) for name in dtypes}}
for name, values in score(**columns).items():
    print(name, values.numpy().tolist())
'''


def query_script(model: pathlib.Path, run: str, row: Mapping[str, float | str]) -> str:
    """The text of the script.

    Args:
        model: folder of the SavedModel.
        run: what made it.
        row: by argument of `serving_raw`, the value of one row.
    """
    rows = "".join(f"    {name!r}: [{value!r}],\n" for name, value in row.items())
    return _SCRIPT.format(run=run, model=str(model), rows=rows)


def first_row(spec: Spec, folder: pathlib.Path) -> dict[str, float | str]:
    """The first row of the data, by argument of `serving_raw`; missing values as in a request."""
    found = files.find(spec.data.source, folder)
    table = spec.table(files.format_of(found, spec.data.format))
    batches = (batch for file in found for batch in typed_batches(file, table, Findings()))
    batch = next(batch for batch in batches if batch.num_rows)
    row = {}
    for name in spec.features:
        value = batch.column(name)[0].as_py()
        missing = float("nan") if table.columns[name] == "number" else ""
        row[argument_name(name)] = missing if value is None else value
    return row
