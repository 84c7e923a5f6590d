"""`headrace serve` itself, as people start it."""

import http.client
import json
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import urllib.parse

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.serving.finding import name_of

HEADRACE = pathlib.Path(sys.executable).parent / "headrace"


@pytest.fixture
def serve(tmp_path):
    """Starts the command; what still runs at the end is killed."""
    started = []

    def serve(*arguments):
        process = subprocess.Popen(
            [HEADRACE, "serve", *map(str, arguments)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield serve
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def said(process, beginning):
    """The lines that are printed up to one."""
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith(beginning):
            return lines
    raise AssertionError("\n".join([*lines, process.stderr.read()]))


def asked(command):
    """The answer to a curl command."""
    curl, option, body, url = shlex.split(command)
    assert (curl, option) == ("curl", "-d")
    split = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(split.netloc, timeout=60)
    connection.request("POST", split.path, body.encode())
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_serves_until_a_signal_and_says_how_it_is_asked(flights, serve, tmp_path, number, code):
    folder = shutil.copytree(flights, tmp_path / "runs" / "serving")
    process = serve("--port", 0, "--log-requests", "rows.tfrecord.gz")

    lines = said(process, "Versions are followed")
    command = next(line for line in lines if line.startswith("curl"))
    answer = asked(command)
    refused = asked(command.replace("1.0", "true"))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)

    assert lines[0] == f"Loading {folder.relative_to(tmp_path)}"
    address = r"http://127\.0\.0\.1:\d+"
    assert re.fullmatch(f"Serving model, version 7, at {address}", lines[1])
    assert answer == {"predictions": [{"probability": [1.0], "carrier": [""]}]}
    assert "expected a number" in refused["error"]
    assert "Rows of requests go to rows.tfrecord.gz: they are what people send" in lines
    assert (tmp_path / "rows.tfrecord.gz").stat().st_size > 0
    assert (process.returncode, out, err) == (code, "", "")


def test_a_host_for_others_is_warned_of(flights, serve):
    process = serve(flights, "--port", 0, "--host", "0.0.0.0")

    lines = said(process, "Versions are followed")

    assert "Whoever reaches 0.0.0.0 can ask it: there is no login and no encryption" in lines


def refusal(*arguments):
    result = CliRunner().invoke(main, ["serve", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_a_port_that_is_taken_is_said_at_once(flights):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, text = refusal(flights, "--port", port)

    assert code == 6
    assert text == (
        f"error: port {port} is taken by another program. Give another with --port, or 0 for any\n"
    )


def test_a_folder_without_versions_names_those_nearby(flights, tmp_path, monkeypatch):
    shutil.copytree(flights, tmp_path / "data" / "flights" / "runs" / "serving")
    monkeypatch.chdir(tmp_path)

    nowhere = refusal("nowhere")
    without = refusal("data/flights/runs")

    assert nowhere == (
        2,
        "error: nowhere: no such folder. Give one of these: data/flights/runs/serving\n",
    )
    assert without == (
        2,
        "error: data/flights/runs: holds no version of a model. Give one of these: "
        "data/flights/runs/serving\n",
    )


def test_what_is_no_address_of_this_machine_is_refused(flights):
    code, text = refusal(flights, "--host", "192.0.2.1", "--port", 0)  # of no machine, RFC 5737

    assert code == 2
    assert text.startswith("error: --host '192.0.2.1' --port 0: ")


@pytest.mark.parametrize(
    "arguments",
    [("--name", "a/b"), ("--name", ""), ("--port", "70000"), ("--sample", "0"), ("--sample", "2")],
)
def test_a_wrong_option_is_a_usage_error(flights, arguments):
    assert refusal(flights, *arguments)[0] == 2


def test_a_version_that_cannot_be_loaded_ends_it(tmp_path, serve):
    (tmp_path / "serving" / "5").mkdir(parents=True)

    process = serve(tmp_path / "serving", "--port", 0)
    out, err = process.communicate(timeout=120)

    assert process.returncode == 2
    assert "error: version 5: FileNotFoundError" in out
    assert err == ""


@pytest.mark.parametrize(
    ("folder", "manifest", "name"),
    [
        ("serving", '{"pipeline": "flights"}', "flights"),
        ("serving", '{"pipeline": "<b>/.."}', "-b--.."),
        ("serving", '{"pipeline": 5}', "model"),
        ("serving", "[" * 100_000, "model"),
        ("serving", None, "model"),
        ("my models", None, "my-models"),
    ],
)
def test_the_name_is_that_of_the_pipeline_or_of_the_folder(tmp_path, folder, manifest, name):
    file = tmp_path / folder / "7" / "assets.extra" / "manifest.json"
    file.parent.mkdir(parents=True)
    if manifest is not None:
        file.write_text(manifest)

    assert name_of(tmp_path / folder) == name
