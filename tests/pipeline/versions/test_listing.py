"""`headrace versions`: what was pushed, and what is served."""

import datetime
import re
import shutil

from components.pusher.manifest import Origin

BIRDS = """
name = "birds"
label = { column = "species", task = "binary" }
features = { mass = { kind = "numeric" } }
data = { source = "birds.csv", split = { by = "hash", train = 0.8, eval = 0.2 } }
"""


def test_versions_are_told_the_newest_first_with_run_metric_and_verdict(headrace, serving, put):
    first, second = put(serving, "a"), put(serving, "b", restores=1)

    told = headrace("versions")

    assert told.code == 0
    rows = [re.split(r"  +", line.strip()) for line in told.lines]
    now = f"{datetime.datetime.now().astimezone():%Y-%m-%d}"
    assert rows[0] == ["VERSION", "WHEN", "RUN", "METRIC", "VERDICT", "ORIGIN"]
    assert rows[1][0] == str(second)
    assert rows[1][1].startswith(now)
    assert rows[1][2:] == ["current", "run-b", "auc 0.75", "2 rules hold", "restores 1"]
    assert (rows[2][0], rows[2][2:]) == (str(first), ["run-a", "auc 0.75", "2 rules hold"])


def test_as_json_each_has_its_manifest(headrace, serving, put):
    first, second = put(serving, "a"), put(serving, "b")

    told = headrace("versions", "--json").json

    assert (told["place"], told["current"]) == (str(serving.path), second)
    assert [each["version"] for each in told["versions"]] == [second, first]
    assert [each["current"] for each in told["versions"]] == [True, False]
    assert told["versions"][0]["manifest"]["run"] == "run-b"
    assert told["versions"][0]["headline"] == {"auc": 0.75}


def test_a_version_that_others_have_pushed_is_told_without_a_manifest(headrace, serving):
    (serving.path / "17").mkdir(parents=True)
    (serving.path / "18" / "assets.extra").mkdir(parents=True)
    (serving.path / "18" / "assets.extra" / "manifest.json").write_text("{]")

    told = headrace("versions")

    assert told.code == 0
    assert told.lines[1].startswith("18")
    assert all("has no manifest: pushed by others" in line for line in told.lines[1:])


def test_what_a_manifest_holds_reaches_the_terminal_as_one_visible_line(headrace, serving, put):
    put(serving, "a", run="x\x1b[2J\nfake", promoted_from=Origin(place="s3://b/\x07", version=3))

    told = headrace("versions")

    assert len(told.lines) == 2
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", told.text)


def test_a_spec_stands_for_the_folder_that_it_pushes_to(headrace, serving, put, tmp_path):
    spec = tmp_path / "birds.toml"
    spec.write_text(BIRDS)
    version = put(serving, "a")
    assert headrace("versions", spec, "--json").json["current"] == version

    spec.write_text(BIRDS + '[push]\nto = "elsewhere"\n')
    shutil.copytree(serving.path, tmp_path / "elsewhere")
    told = headrace("versions", spec, "--json").json
    assert told["place"] == str(tmp_path / "elsewhere")


def test_a_folder_that_is_not_there_is_refused_with_those_that_are(
    headrace, serving, put, tmp_path
):
    told = headrace("versions")
    assert told.code == 2
    assert told.text.startswith("error: runs/serving: no such folder. `headrace run SPEC` pushes")

    put(serving, "a")
    for words in (["nowhere"], ["."]):
        told = headrace("versions", *words)
        assert told.code == 2
        assert "Give one of runs/serving" in told.text

    (tmp_path / "file").write_text("")
    assert "file: is no folder." in headrace("versions", "file").text


def test_a_folder_without_versions_is_refused(headrace, serving):
    serving.path.mkdir(parents=True)

    told = headrace("versions", "--json")

    assert told.code == 2
    assert told.json == {
        "error": "runs/serving: has no versions. `headrace run SPEC` pushes a model that is blessed"
    }


def test_a_store_that_is_not_there_is_told_of(headrace, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    told = headrace("versions", "minio://models/flights")

    assert told.code == 1
    assert "Set AWS_ENDPOINT_URL" in told.text
