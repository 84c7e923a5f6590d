"""`headrace promote`: a version is served elsewhere, and says where it comes from."""

import errno
import shutil
import uuid

import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs

from components.pusher.folder import Folder
from components.pusher.manifest import FILE
from components.pusher.store import Store
from components.pusher.sums import sums


@pytest.fixture
def production(tmp_path):
    return Folder(tmp_path / "production")  # not there yet


def test_the_current_version_is_copied_and_says_where_it_comes_from(
    headrace, serving, put, production, all_answer
):
    put(serving, "a")
    current = put(serving, "b", restores=1)

    told = headrace("promote", "--to", "production")

    (version,) = production.versions()
    assert told.text == f"production serves version {current} of runs/serving, as {version}\n"
    manifest = production.manifest(version)
    assert manifest.promoted_from.model_dump() == {"place": str(serving.path), "version": current}
    assert (manifest.run, manifest.restores, manifest.version) == ("run-b", None, version)
    copy, origin = production.path / str(version), serving.path / str(current)
    assert sums(copy, FILE) == sums(origin, FILE)
    assert copy.joinpath("saved_model.pb").stat().st_nlink == 1  # a copy that stands alone


def test_an_earlier_version_can_be_chosen_and_old_ones_go_there(
    headrace, serving, put, production, serves, all_answer
):
    first, _ = put(serving, "a"), put(serving, "b")
    old = [put(production, text) for text in "xy"]

    told = headrace("promote", first, "--to", "production", "--keep", 2, "--json").json

    assert serves(production) == "a"
    assert production.versions() == [old[1], told["version"]]
    assert (told["promoted"], told["removed"], told["copied"]) == (first, old[:1], True)


def test_a_model_that_is_served_there_already_is_not_copied_again(
    headrace, serving, put, production, all_answer
):
    put(serving, "a")
    headrace("promote", "--to", "production")

    told = headrace("promote", "--to", "production")

    (version,) = production.versions()
    assert told.code == 0
    assert told.text == f"production serves this model already, as version {version}\n"


def test_a_damaged_version_is_refused_and_what_is_served_there_stays(
    headrace, serving, put, production, serves, all_answer
):
    current = put(serving, "a")
    put(production, "x")
    (serving.path / str(current) / "variables" / "more").write_text("?")

    told = headrace("promote", "--to", "production")

    assert told.code == 3
    assert "variables/more does not belong to it. Nothing was changed" in told.text
    assert serves(production) == "x"


def test_a_version_that_does_not_load_is_refused(headrace, serving, put, production):
    put(serving, "a")  # a text, no SavedModel

    told = headrace("promote", "--to", "production")

    assert told.code == 3
    assert "cannot be loaded" in told.text
    assert not production.path.exists()


@pytest.mark.usefixtures("all_answer")
def test_a_full_disk_is_told_and_what_is_served_there_stays(
    headrace, serving, put, production, serves, monkeypatch
):
    put(production, "x")
    put(serving, "a")

    def copyfile(_source, target):
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(shutil, "copyfile", copyfile)

    told = headrace("promote", "--to", "production")

    assert told.code == 1
    assert "the disk is full at " in told.text
    assert serves(production) == "x"
    assert len(list(production.path.iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--to", "runs/serving"], "--to runs/serving: is where the version is"),
        (["--to", ""], "got '' for a PLACE, expected a folder"),
        (["--to", "s3://"], "s3://: names no bucket, expected s3://BUCKET/PATH"),
        (["--in", " ", "--to", "production"], "got ' ' for a PLACE"),
        (["--to", "file"], "--to file: is a file, expected a folder or a place in an object store"),
        (["7", "--to", "production"], "no version '7' in runs/serving, which has "),
        (["--in", "nowhere", "--to", "production"], "nowhere: no such folder"),
    ],
)
def test_what_cannot_be_meant_is_refused(headrace, serving, put, tmp_path, words, problem):
    put(serving, "a")
    (tmp_path / "file").write_text("")

    told = headrace("promote", *words)

    assert told.code == 2
    assert problem in told.text
    assert len(told.lines) == 1


@pytest.fixture
def bucket(monkeypatch):
    """An empty bucket of a server on this machine, which the environment knows how to reach."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"models-{uuid.uuid4()}"
    made = fs.S3FileSystem(
        endpoint_override=f"{host}:{port}", scheme="http", allow_bucket_creation=True
    )
    made.create_dir(name)
    yield name
    server.stop()


@pytest.mark.usefixtures("all_answer")
def test_to_a_store_back_in_it_and_from_it_to_a_folder(
    headrace, serving, put, production, serves, bucket
):
    store = f"s3://{bucket}/flights"
    put(serving, "a")
    assert headrace("promote", "--to", store).code == 0
    put(serving, "b")
    assert headrace("promote", "--to", store).code == 0
    first, second = Store(store).versions()

    told = headrace("rollback", "--in", store, "--json").json
    assert (told["restores"], told["was"]) == (first, second)
    assert headrace("promote", "--in", store, "--to", "production").code == 0

    assert serves(production) == "a"
    listed = headrace("versions", store)
    assert [line.split()[0] for line in listed.lines[1:]] == [
        str(each) for each in (told["version"], second, first)
    ]
    assert f"restores {first}, " in listed.lines[1]
    assert f" of {serving.path}" in listed.lines[2]


def test_a_damaged_version_of_a_store_is_named_by_its_uri(
    headrace, serving, put, bucket, all_answer
):
    store = f"s3://{bucket}/flights"
    put(serving, "a")
    headrace("promote", "--to", store)
    (version,) = Store(store).versions()
    with Store(store)._sink(version, "variables/data") as sink:
        sink.write(b"weightz")

    told = headrace("promote", "--in", store, "--to", "production")

    assert told.code == 3
    assert told.text.startswith(f"error: {store}/{version}: is damaged: variables/data has other")
