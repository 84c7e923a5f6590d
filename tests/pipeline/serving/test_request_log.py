"""Rows that were answered are kept as TFDV reads them, and not for ever."""

import os
import stat

import numpy as np
import pytest
import tensorflow as tf

from modules.errors import SpecError
from modules.spec.learning import Interface
from pipeline.serving.request import Asked
from pipeline.serving.request_log import RequestLog
from tests.pipeline.serving.models import COLUMNS, LABEL, served

INTERFACE = Interface(label=LABEL, columns=COLUMNS)
nan = float("nan")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "requests.tfrecord.gz"


def raw(*rows):
    """A request for rows of distance, air time and carrier."""
    names = ("distance", "air_time", "carrier")
    columns = zip(*rows, strict=True)
    types = (np.float32, np.float32, object)
    inputs = {
        name: np.array([[value] for value in column], kind)
        for name, column, kind in zip(names, columns, types, strict=True)
    }
    return Asked("serving_raw", by_row=True, inputs=inputs)


def read(*files):
    records = tf.data.TFRecordDataset([str(each) for each in files], compression_type="GZIP")
    return [tf.train.Example.FromString(record) for record in records.as_numpy_iterator()]


def numbers(examples, name="distance"):
    return [list(example.features.feature[name].float_list.value) for example in examples]


def quiet(sentence):
    raise AssertionError(sentence)


def test_rows_are_kept_under_their_raw_names(file):
    log = RequestLog(file, 1.0, quiet)

    log.write(raw((1.0, 2.0, b"AA"), (3.0, nan, b"")), INTERFACE)
    log.write(raw((4.0, 5.0, "é".encode())), INTERFACE)

    examples = read(file)
    assert numbers(examples) == [[1.0], [3.0], [4.0]]
    assert numbers(examples, "air time") == [[2.0], [], [5.0]]  # what is missing has no value
    carriers = [list(each.features.feature["carrier"].bytes_list.value) for each in examples]
    assert carriers == [[b"AA"], [], ["é".encode()]]


def test_examples_are_kept_as_they_came(file, serialized):
    rows = [serialized({"distance": 1.0}), serialized({})]
    log = RequestLog(file, 1.0, quiet)

    log.write(Asked("serving_default", True, {"examples": np.array(rows, object)}), INTERFACE)

    assert [each.SerializeToString() for each in read(file)] == rows


def test_tfdv_reads_what_a_server_has_logged(file, flights):
    import tensorflow_data_validation as tfdv

    row = '{"distance": [%s], "air_time": [2.0], "carrier": ["AA"]}'
    body = '{"signature_name": "serving_raw", "instances": [%s, %s]}'
    with served(flights, RequestLog(file, 1.0, quiet)) as server:
        assert server.predict(body % (row % 1.0, row % "NaN")).status == 200
        assert server.predict(body % (row % 5.0, row % 6.0)).status == 200
        assert server.predict(body % (row % 7.0, "{}")).status == 400  # is not kept

    statistics = tfdv.generate_statistics_from_tfrecord(
        str(file.with_name("requests*.tfrecord.gz"))
    )

    (dataset,) = statistics.datasets
    distance = next(each for each in dataset.features if each.path.step == ["distance"])
    assert dataset.num_examples == 4
    assert distance.num_stats.common_stats.num_missing == 1
    assert distance.num_stats.mean == pytest.approx(4.0)  # of 1, 5 and 6


def test_a_sample_is_of_rows(file):
    log = RequestLog(file, 0.1, quiet)

    for _ in range(10):
        log.write(raw(*[(float(n), 0.0, b"") for n in range(1000)]), INTERFACE)

    # of 10,000 rows 1,000 are expected, with a standard deviation of 30
    assert 800 < len(read(file)) < 1200


def test_the_file_and_the_older_one_have_an_end(file):
    log = RequestLog(file, 1.0, quiet, most=2000)

    for number in range(200):
        log.write(raw((float(number), 0.0, os.urandom(50))), INTERFACE)

    older = file.with_name("requests.1.tfrecord.gz")
    assert sorted(file.parent.iterdir()) == [older, file]
    assert file.stat().st_size <= 2000
    assert older.stat().st_size <= 2000
    kept = [value for (value,) in numbers(read(older, file))]
    assert kept == [float(number) for number in range(200 - len(kept), 200)]  # the newest rows


def test_a_log_goes_on_where_an_earlier_one_ended(file):
    for number in (1.0, 2.0):
        RequestLog(file, 1.0, quiet).write(raw((number, 0.0, b"")), INTERFACE)

    assert numbers(read(file)) == [[1.0], [2.0]]


def test_the_file_is_for_its_owner_alone(file):
    RequestLog(file, 1.0, quiet)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_full_disk_costs_rows_and_no_answers(file, monkeypatch):
    said = []
    log = RequestLog(file, 1.0, said.append)
    log.write(raw((1.0, 0.0, b"")), INTERFACE)
    write = os.write
    monkeypatch.setattr(os, "write", lambda to, data: write(to, data[:10]))

    log.write(raw((2.0, 0.0, b"")), INTERFACE)
    log.write(raw((3.0, 0.0, b"")), INTERFACE)

    assert len(said) == 1
    assert "No space left on device. No more rows are logged" in said[0]
    assert numbers(read(file)) == [[1.0]]  # and no half of the second


@pytest.mark.parametrize("name", ["requests.csv", "requests.tfrecord", ".tfrecord.gz"])
def test_a_name_that_beam_would_misread_is_refused(tmp_path, name):
    with pytest.raises(SpecError, match=r"logged to NAME\.tfrecord\.gz"):
        RequestLog(tmp_path / name, 1.0, quiet)


def test_a_file_that_cannot_be_written_is_refused(tmp_path, file):
    with pytest.raises(SpecError, match="No such file or directory"):
        RequestLog(tmp_path / "nowhere" / file.name, 1.0, quiet)
    file.mkdir()
    with pytest.raises(SpecError, match="Is a directory"):
        RequestLog(file, 1.0, quiet)


def test_the_rows_of_other_models_are_not_kept(file):
    RequestLog(file, 1.0, quiet).write(raw((1.0, 0.0, b"")), None)

    assert file.read_bytes() == b""
