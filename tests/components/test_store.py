"""A model in an object store: a real client, and a server that speaks S3 on this machine."""

import datetime
import pathlib
import time
import uuid

import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.baseline.component import ABSENT, LatestPushed
from components.pusher.manifest import Manifest
from components.pusher.store import Store, is_store
from components.pusher.version import VersionError
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


def put(store, model, check=lambda _: None, **said):
    """Pushes; the number of the version."""
    return store.put(model, Manifest(**said), check)


def contents(folder):
    """By name, what is in the files but for manifests."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


@pytest.mark.parametrize("scheme", ["s3", "minio"])
def test_a_version_comes_back_byte_for_byte(bucket, model, tmp_path, scheme):
    store = Store(f"{scheme}://{bucket}/serving/flights/")
    version = put(store, model)

    assert store.versions() == [version]
    store.fetch(version, tmp_path / "copy")
    assert store.uri == f"{scheme}://{bucket}/serving/flights"
    assert contents(tmp_path / "copy") == contents(model)
    with store.local(version) as folder:
        assert contents(folder) == contents(model)
    assert not folder.exists()


def test_versions_rise_within_a_second(bucket, model, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.9)
    store = Store(f"s3://{bucket}")

    assert [put(store, model) for _ in range(2)] == [1700000000, 1700000001]


def test_a_version_says_what_it_is(bucket, model):
    store = Store(f"s3://{bucket}/serving")
    version = put(store, model, run="7")

    manifest = store.manifest(version)
    assert (manifest.version, manifest.run) == (version, "7")
    assert set(manifest.files) == set(contents(model))
    assert store.manifest(version + 1) is None


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
    put(store, model)

    assert (opened[0], opened[-1]) == ("manifest.json", "saved_model.pb")


def tampering(store, monkeypatch, name, error=None):
    """Makes the store keep another content of a file than it is sent, or fail on it."""
    real = store._files

    class Tampering:
        def open_output_stream(self, path):
            if not path.endswith(name):
                return real.open_output_stream(path)
            if error:
                raise error
            with real.open_output_stream(path) as sink:
                sink.write(b"grapf")
            return real.open_output_stream(f"{path}.elsewhere")

        def __getattr__(self, name):
            return getattr(real, name)

    monkeypatch.setattr(store, "_files", Tampering())


def left_in(bucket):
    return Store(f"s3://{bucket}/serving")._numbers()


def test_nothing_is_left_of_a_push_that_fails(bucket, model, monkeypatch):
    store = Store(f"s3://{bucket}/serving")
    tampering(store, monkeypatch, "variables/data", OSError("Input/output error"))

    with pytest.raises(OSError, match="Input/output error"):
        put(store, model)

    assert left_in(bucket) == []


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/data"])
def test_nothing_is_left_of_a_push_that_comes_back_otherwise(bucket, model, monkeypatch, name):
    store = Store(f"s3://{bucket}/serving")
    tampering(store, monkeypatch, name)

    with pytest.raises(VersionError, match=rf"/serving/\d+: is damaged: {name} has "):
        put(store, model)

    assert left_in(bucket) == []


def test_a_model_that_is_not_fit_is_not_sent(bucket, model):
    def refuse(folder):
        raise VersionError(f"{folder}: does not answer")

    with pytest.raises(VersionError, match="does not answer"):
        put(Store(f"s3://{bucket}/serving"), model, refuse)

    assert left_in(bucket) == []


def test_without_its_graph_a_version_is_none_and_its_number_is_not_given_again(
    bucket, model, monkeypatch
):
    monkeypatch.setattr(time, "time", lambda: 7)
    store = Store(f"s3://{bucket}/serving")
    with store._files.open_output_stream(f"{bucket}/serving/7/variables/data") as sink:
        sink.write(b"half a push")

    assert store.versions() == []
    assert put(store, model) == 8  # the other may be under way
    assert left_in(bucket) == [7, 8]


def test_what_a_push_left_that_was_killed_a_day_ago_goes(bucket, model, monkeypatch):
    store = Store(f"s3://{bucket}/serving")
    with store._files.open_output_stream(f"{bucket}/serving/7/variables/data") as sink:
        sink.write(b"half a push")
    monkeypatch.setattr("components.pusher.store._LONG", datetime.timedelta(seconds=-1))

    version = put(store, model)

    assert left_in(bucket) == [version]


def test_old_versions_go_and_what_a_rollback_goes_back_to_stays(bucket, model, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1)
    store = Store(f"s3://{bucket}/serving")
    for _ in range(4):
        put(store, model)
    put(store, model, restores=1)

    assert store.trim(2) == [2, 3]
    assert store.versions() == left_in(bucket) == [1, 4, 5]


def test_a_name_that_leaves_the_version_is_refused(bucket, model, tmp_path, monkeypatch):
    store = Store(f"s3://{bucket}/serving")
    real = store._files

    class Hostile:
        def get_file_info(self, _):
            (found,) = real.get_file_info([f"{bucket}/serving/1/../../escaped"])
            return [fs.FileInfo(found.path, fs.FileType.File)]

        def __getattr__(self, name):
            return getattr(real, name)

    monkeypatch.setattr(store, "_files", Hostile())

    with pytest.raises(OSError, match="which leaves it"):
        store.fetch(1, tmp_path / "copy")


def test_a_bucket_that_is_not_there_is_an_error_in_words(bucket, model):
    with pytest.raises(OSError, match=r"(?i)bucket"):
        put(Store("s3://no-such-bucket-of-ours/serving"), model)


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
    put(store, model)
    other = Interface(label=LABEL, columns={"distance": "text"})
    (model / Interface.FILE).write_text(other.model_dump_json())
    put(store, model)

    found = latest(f"s3://{bucket}/serving", tmp_path / "artifact")

    copy = pathlib.Path(path_utils.serving_model_path(found.uri))
    assert Interface.model_validate_json((copy / Interface.FILE).read_text()) == TODAY
    assert latest(f"s3://{bucket}/empty", tmp_path / "none").get_int_custom_property(ABSENT) == 1
