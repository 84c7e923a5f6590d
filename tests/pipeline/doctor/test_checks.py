"""What each check of `headrace doctor` finds."""

import os
import resource
import subprocess
import sys
import time

import pytest

from pipeline.doctor import environment, libraries, machine, places, spec
from pipeline.doctor.finding import Finding, found_by
from pipeline.local.lock import locked
from pipeline.local.requesting import Order, new_run, requested

SPEC = """
name = "birds"
[data]
source = "birds.csv"
[label]
column = "species"
task = "binary"
[features]
mass = { kind = "numeric" }
"""


def states(findings):
    return [finding.state for finding in findings]


def test_this_environment_is_well():
    for check in (environment.python, environment.c_library, environment.packages):
        assert states(check()) == ["ok"]


def test_a_check_that_fails_itself_is_a_problem_that_names_it():
    def broken():
        raise KeyError("x")
        yield

    (finding,) = found_by("memory", broken)

    assert (finding.check, finding.state) == ("memory", "problem")
    assert finding.text == "could not be checked: KeyError: 'x'"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Makes a distribution that Python finds, of a name and a version, asking for others."""

    def installed(name, version, *requirements):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        asks = "".join(f"Requires-Dist: {each}\n" for each in requirements)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\n"
                                         f"Version: {version}\n{asks}")  # fmt: skip
        (folder / "RECORD").write_text(f"{name}.py,,\n")
        (tmp_path / f"{name}.py").touch()

    monkeypatch.syspath_prepend(str(tmp_path))
    return installed


def test_packages_that_are_missing_too_old_or_without_their_files_are_named(installed, tmp_path):
    installed("birdlib", "1.2")
    installed("featherlib", "3.0")
    (tmp_path / "featherlib.py").unlink()
    installed("aviary", "1", "birdlib>=2", "nolib", "featherlib", 'winlib; os_name == "nt"')

    (finding,) = environment.packages("aviary")

    assert finding.state == "problem"
    assert finding.text == (
        "birdlib: got 1.2, expected >=2; nolib is not installed; "
        "featherlib: 1 of its files are gone"
    )
    assert "make setup" in finding.mend


def test_the_limit_of_a_container_counts_as_memory(tmp_path):
    limit = tmp_path / "memory.max"
    limit.write_text("1073741824\n")

    (finding,) = machine.memory((limit,))

    assert finding.state == "warning"
    assert "of 1.0 GB, expected 3 GB" in finding.text
    limit.write_text("max\n")
    assert "expected" not in next(machine.memory((limit, tmp_path / "gone"))).text


def test_a_disk_without_room_for_the_data_is_a_problem(tmp_path):
    assert states(machine.disk(tmp_path / "runs"))[0] == "ok"

    found = {finding.check: finding for finding in machine.disk(tmp_path / "runs", data=1 << 60)}

    assert found["disk"].state == "problem"
    assert "--runs" in found["disk"].mend


def test_few_open_files_are_a_warning_with_the_command_that_allows_more():
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096));"
        "from pipeline.doctor import machine; print(next(machine.open_files()))"
    )
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4096:
        pytest.skip("the system allows fewer")

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "state='warning'" in said.stdout
    assert "ulimit -n 1024" in said.stdout


def test_a_folder_that_cannot_be_written_is_a_problem_and_nothing_is_left_behind(tmp_path):
    (tmp_path / "file").touch()

    found = list(places.writable([tmp_path / "runs", tmp_path / "file"]))

    assert states(found) == ["ok", "problem"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_clock_that_was_set_back_is_a_warning(tmp_path):
    run = tmp_path / new_run(tmp_path)
    assert states(places.clock(tmp_path)) == ["ok"]

    ahead = time.time() + 7200
    os.utime(run, (ahead, ahead))

    (finding,) = places.clock(tmp_path)
    assert finding.state == "warning"
    assert "2.0 hours ahead" in finding.text


@pytest.fixture
def spec_file(tmp_path):
    (tmp_path / "spec.toml").write_text(SPEC)
    (tmp_path / "birds.csv").write_text("species,mass\n")
    return tmp_path / "spec.toml"


def test_a_run_that_goes_on_and_one_that_was_cut_short_are_told(spec_file):
    runs = spec_file.parent / "runs"
    assert states(places.going_on(runs)) == ["ok"]
    runs.mkdir()
    with locked(runs, "run 7", lambda _: None):
        (finding,) = places.going_on(runs)
    assert finding.text.startswith("run 7 (process ")

    run_id = new_run(runs)
    _, request = requested(spec_file, Order())
    (runs / run_id / "request.json").write_text(request.model_dump_json())

    (finding,) = places.going_on(runs)
    assert finding.text == f"run {run_id} was cut short"
    assert finding.mend == f"Go on with it: headrace run {spec_file} --resume"


def test_every_problem_of_a_spec_is_a_finding(spec_file):
    assert states(spec.usable(spec_file)) == ["ok"]

    spec_file.write_text(SPEC.replace("mass", "maas") + "wings = 2\n")
    assert states(spec.usable(spec_file)) == ["problem"]
    spec_file.write_text(SPEC.replace("mass", "maas"))
    (finding,) = spec.usable(spec_file)
    assert "did you mean 'mass'?" in finding.text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "Python: ended by SIGSEGV"),
        (
            "import os, signal; print('trying TensorFlow', flush=True);"
            "os.kill(os.getpid(), signal.SIGILL)",
            "TensorFlow: ended by SIGILL, an instruction that this processor has not",
        ),
        ("import nolib", "Python: ModuleNotFoundError: No module named 'nolib'"),
        ("raise SystemExit(3)", "Python: ended with exit code 3"),
    ],
)
def test_a_library_that_ends_the_process_is_a_problem_and_not_the_end(code, text):
    (finding,) = libraries.work(("-c", code))

    assert (finding.state, finding.text) == ("problem", text)


def test_what_was_found_before_a_crash_is_told_too():
    fine = Finding(check="Keras", state="ok", text="3").model_dump_json()
    code = f"import os; print({fine!r}, flush=True); os.abort()"

    found = list(libraries.work(("-c", code)))

    assert [finding.check for finding in found] == ["Keras", "libraries"]
