"""What TFMA wrote is read without it."""

import subprocess
import sys

import pytest

from pipeline.report.facts import tfma_records
from pipeline.report.facts.tfma_records import Unreadable
from tests.pipeline.report.outputs import confusion, metrics, write_evaluation


def test_metrics_and_plots_are_read_as_they_were_written(tmp_path):
    slices = [metrics({}, {"auc": 0.7}), metrics({"origin": "EWR"}, {"auc": 0.6}, auc=0.5)]
    plots = [confusion({(0, 1): 3})]
    write_evaluation(tmp_path, slices, plots)

    read = list(tfma_records.metrics(tmp_path))

    assert [tfma_records.slice_of(each.slice_key) for each in read] == [{}, {"origin": "EWR"}]
    assert [each.SerializeToString() for each in read] == [
        each.SerializeToString() for each in slices
    ]
    assert [each.SerializeToString() for each in tfma_records.plots(tmp_path)] == [
        each.SerializeToString() for each in plots
    ]


def test_reading_imports_neither_tfma_nor_tensorflow(tmp_path):
    write_evaluation(tmp_path, [metrics({}, {"auc": 0.7})], [])
    program = (
        "import pathlib, sys; from pipeline.report.facts import tfma_records;"
        "print(len(list(tfma_records.metrics(pathlib.Path(sys.argv[1])))));"
        "print([name for name in ('tensorflow', 'tensorflow_model_analysis', 'apache_beam')"
        " if name in sys.modules])"
    )

    told = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True
    )

    assert told.stdout == "1\n[]\n"


@pytest.mark.parametrize("length", [1, 11, 20, -1])
def test_a_file_that_ends_early_is_refused(tmp_path, length):
    write_evaluation(tmp_path, [metrics({}, {"auc": 0.7})], [])
    (file,) = tmp_path.glob("metrics*")
    file.write_bytes(file.read_bytes()[:length])

    with pytest.raises(Unreadable, match="ends in the middle of a record"):
        list(tfma_records.metrics(tmp_path))


def test_a_damaged_file_is_refused(tmp_path):
    write_evaluation(tmp_path, [metrics({}, {"auc": 0.7})], [])
    (file,) = tmp_path.glob("metrics*")
    content = bytearray(file.read_bytes())
    content[14] ^= 1
    file.write_bytes(content)

    with pytest.raises(Unreadable, match="is damaged at byte 0"):
        list(tfma_records.metrics(tmp_path))
