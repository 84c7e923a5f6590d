"""A model in an object store: a real client, and a server that speaks S3 on this machine."""

import pathlib
import time
import uuid

import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.baseline.component import ABSENT, LatestPushed
from components.pusher.store import Store, is_store
from modules.spec.label import Label
from modules.spec.learning import Interface

LABEL = Label(column="late", task="binary")
TODAY = Interface(label=LABEL, columns={"distance": "number"})


@pytest.fixture(scope="module")
def address():
    """Where the store is."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(address, monkeypatch, tmp_path):
    """An empty bucket, which the environment knows how to reach."""
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"models-{uuid.uuid4()}"
    scheme, _, host = address.partition("://")
    made = fs.S3FileSystem(endpoint_override=host, scheme=scheme, allow_bucket_creation=True)
    made.create_dir(name)
    return name


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "data").write_bytes(bytes(range(256)) * 9000)
    interface = folder / Interface.FILE
    interface.parent.mkdir()
    interface.write_text(TODAY.model_dump_json())
    return folder


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("scheme", ["s3", "minio"])
def test_a_version_comes_back_byte_for_byte(bucket, model, tmp_path, scheme):
    store = Store(f"{scheme}://{bucket}/serving/flights/")
    version = store.put(model)

    (number,) = store.versions()
    store.fetch(number, tmp_path / "copy")
    assert version == f"{scheme}://{bucket}/serving/flights/{number}"
    assert contents(tmp_path / "copy") == contents(model)


def test_versions_rise_within_a_second(bucket, model, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.9)
    store = Store(f"s3://{bucket}")

    assert [store.put(model).rpartition("/")[2] for _ in range(2)] == ["1700000000", "1700000001"]


def test_the_graph_comes_last_as_a_store_cannot_rename(bucket, model, monkeypatch):
    store = Store(f"s3://{bucket}/serving")
    opened = []
    real = store._files

    class Noting:
        def open_output_stream(self, path):
            opened.append(path.rpartition("/")[2])
            return real.open_output_stream(path)

        def __getattr__(self, name):
            return getattr(real, name)

    monkeypatch.setattr(store, "_files", Noting())
    store.put(model)

    assert opened[-1] == "saved_model.pb"


def test_nothing_is_left_of_a_push_that_fails(bucket, model):
    (model / "variables" / "zz").symlink_to("/proc/self/mem")  # a file that cannot be read
    store = Store(f"s3://{bucket}/serving")

    with pytest.raises(OSError, match="Input/output error"):
        store.put(model)

    assert store.versions() == []


def test_a_bucket_that_is_not_there_is_an_error_in_words(bucket, model):
    with pytest.raises(OSError, match=r"(?i)bucket"):
        Store("s3://no-such-bucket-of-ours/serving").put(model)


def test_minio_needs_an_address(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    with pytest.raises(OSError, match=r"minio://a/b: .*Set AWS_ENDPOINT_URL"):
        Store("minio://a/b")


@pytest.mark.parametrize(
    ("place", "expected"),
    [("s3://a", True), ("gs://a/b", True), ("/headrace/serving", False), ("serving", False)],
)
def test_a_uri_is_a_store_and_a_path_a_folder(place, expected):
    assert is_store(place) is expected


def latest(destination, folder):
    model = standard_artifacts.Model()
    model.uri = str(folder)
    folder.mkdir()
    executor = LatestPushed(destination="", interface="").executor_spec.executor_class(None)
    given = {"destination": destination, "interface": TODAY.model_dump_json()}
    executor.Do({}, {"model": [model]}, given)
    return model


def test_the_baseline_is_the_newest_version_that_takes_todays_examples(bucket, model, tmp_path):
    store = Store(f"s3://{bucket}/serving")
    store.put(model)
    other = Interface(label=LABEL, columns={"distance": "text"})
    (model / Interface.FILE).write_text(other.model_dump_json())
    store.put(model)

    found = latest(f"s3://{bucket}/serving", tmp_path / "artifact")

    copy = pathlib.Path(path_utils.serving_model_path(found.uri))
    assert Interface.model_validate_json((copy / Interface.FILE).read_text()) == TODAY
    assert latest(f"s3://{bucket}/empty", tmp_path / "none").get_int_custom_property(ABSENT) == 1
