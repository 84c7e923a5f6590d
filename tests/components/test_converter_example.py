"""The page on formats shows how raw rows are scored with a converted file, and it works."""

import pathlib
import re
import subprocess
import sys

import keras
import pytest
import tensorflow as tf

from components.converter.config import ConverterSettings, Export
from components.converter.converting import convert
from components.converter.network import load
from components.converter.report import Report
from modules.export import export

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "formats.md"
FEATURES = {"distance": {"kind": "numeric"}, "carrier": {"kind": "categorical"}}
ROW = {"distance": 719.0, "carrier": "UA"}  # as in the page


def test_the_script_of_the_page_gives_what_the_saved_model_gives(transform, serialized, tmp_path):
    rows = [
        {"distance": 700.0 + 5 * place, "carrier": ["UA", "AA"][place % 2], "label": str(place % 2)}
        for place in range(20)
    ]
    data = transform(FEATURES, rows, model={"family": "mlp", "hidden": [4]})
    keras.utils.set_random_seed(0)
    export(data.build(tmp_path), data.output, data.spec, tmp_path / "version")
    given = ConverterSettings(export=Export(formats=("litert", "onnx")), metric="auc", memory_mb=1)
    report = convert(load(tmp_path / "version"), data.arrays, None, given, tmp_path)
    (tmp_path / Report.FILE).write_text(report.model_dump_json())
    (program,) = re.findall(r"```python\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "score.py").write_text(program)

    ended = subprocess.run(
        [sys.executable, "score.py", "version", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    scorer = tf.saved_model.load(str(tmp_path / "version")).signatures["serving_default"]
    expected = scorer(examples=tf.constant([serialized(ROW)]))["probability"].numpy()
    printed = [float(line.strip("[]")) for line in ended.stdout.splitlines()]
    assert printed == pytest.approx([expected.item()] * 2, abs=1e-4)
    assert 0 < expected.item() < 1
