"""Checks in a process of their own, which may crash, hang or print what it likes."""

import tempfile

import pytest

from pipeline.doctor.apart import apart
from pipeline.doctor.finding import Finding, found_by
from tests.end_to_end.processes import lives, wait_until

BEGINNING = """
import os, signal, subprocess, sys, tempfile, time
from pipeline.doctor.apart import tell
from pipeline.doctor.finding import ok

def fine():
    yield ok("fine", "it is")
"""


def found(code, **options):
    return list(apart("-c", BEGINNING + code, mend="mend it", **options))


def test_findings_are_told_in_their_order_with_the_names_of_checks_before_them():
    begun = []

    findings = found('tell({"fine": fine, "again": fine})', begun=begun.append)

    assert findings == [Finding("fine", "ok", "it is")] * 2
    assert begun == ["fine", "again"]


@pytest.mark.parametrize(
    ("code", "text", "mend"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV", "mend it"),
        ("os.kill(os.getpid(), signal.SIGILL)", "ended by SIGILL", "Use a machine whose processor"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "ended by SIGKILL", "Free memory"),
        (
            "os.write(2, b'first\\nlibcu not found\\n\\n'); os.abort()",
            "ended by SIGABRT: libcu not found",
            "mend it",
        ),
        ("os._exit(3)", "ended with exit code 3", "mend it"),
        ("os._exit(0)", "ended with exit code 0", "mend it"),
    ],
)
def test_a_check_that_ends_the_process_is_a_problem_and_what_was_found_before_is_told(
    code, text, mend
):
    findings = found(
        f"def broken():\n    {code}\n    yield\n"
        'tell({"fine": fine, "broken": broken, "third": fine, "fourth": fine})'
    )

    assert findings[0] == Finding("fine", "ok", "it is")
    assert (findings[1].check, findings[1].state) == ("broken", "problem")
    assert findings[1].text == f"{text}. Not tried after that: third, fourth"
    assert findings[1].mend.startswith(mend)


def test_a_process_that_does_not_even_begin_is_a_problem():
    (finding,) = found("import nolib")

    assert finding.check == "libraries"
    assert finding.text == "ended with exit code 1: ModuleNotFoundError: No module named 'nolib'"


def test_a_check_that_hangs_is_ended_with_what_it_has_started(tmp_path):
    code = f"""
def hanging():
    child = subprocess.Popen(["sleep", "1000"])
    open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
    child.wait()
    yield
tell({{"hanging": hanging}})
"""

    (finding,) = found(code, patience=3)

    assert (finding.check, finding.text) == ("hanging", "no end in 3 s")
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not lives(child), seconds=30)


def test_a_check_that_raises_does_not_keep_others_from_being_made():
    findings = found(
        'def raising():\n    raise OSError("x")\n    yield\n'
        'tell({"raising": raising, "fine": fine})'
    )

    assert [finding.state for finding in findings] == ["problem", "ok"]


def test_what_a_library_prints_is_no_finding():
    findings = found(
        'def loud():\n    print("{}"); os.write(1, b"[1]\\n"); yield from fine()\n'
        'tell({"loud": loud})'
    )

    assert findings == [Finding("fine", "ok", "it is")]


def test_nothing_is_left_of_temporary_files_after_a_crash(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    code = (
        'def leaving():\n    tempfile.mkdtemp(); open(tempfile.mktemp(), "w")\n    os.abort()\n'
        '    yield\ntell({"leaving": leaving})'
    )

    assert [finding.text for finding in found(code)] == ["ended by SIGABRT"]
    assert list(tmp_path.iterdir()) == []


def test_a_check_that_fails_itself_is_a_problem_that_names_it():
    def broken():
        yield Finding("memory", "ok", "much")
        raise KeyError("x")

    first, second = found_by("memory", broken)

    assert first.state == "ok"
    assert (second.check, second.state) == ("memory", "problem")
    assert second.text == "could not be checked: KeyError: 'x'"
