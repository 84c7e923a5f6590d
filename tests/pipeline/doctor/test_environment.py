"""Python, its C library, bytecode and encoding."""

import os
import py_compile
import subprocess
import sys

import pytest

from pipeline.doctor import environment


def test_this_environment_is_well():
    for check in (environment.python, environment.c_library):
        assert [finding.state for finding in check()] == ["ok"]


def test_a_python_that_setup_py_does_not_name_is_a_problem(install):
    install("aviary", "1", python=">=4")

    (finding,) = environment.python("aviary")

    assert finding.state == "problem"
    assert finding.text.endswith("expected >=4")


@pytest.mark.parametrize(
    ("tag", "state"),
    [
        ("cp311-cp311-manylinux_9_99_x86_64", "problem"),
        ("cp311-cp311-manylinux_2_17_x86_64", "ok"),
        ("py3-none-any", "ok"),
        # alternatives: pip took the wheel for the second of them
        ("cp311-cp311-manylinux_9_99_x86_64\nTag: cp311-cp311-manylinux_2_17_x86_64", "ok"),
    ],
)
def test_a_c_library_older_than_a_wheel_was_built_for_is_a_problem(install, tag, state):
    install("birdlib", "1", tag=tag)
    install("aviary", "1", "birdlib")

    (finding,) = environment.c_library("aviary")

    assert finding.state == state
    assert ("expected 9.99 or newer for the wheel of birdlib" in finding.text) == (state != "ok")


def test_a_package_without_bytecode_or_with_that_of_another_source_is_a_warning(install):
    birdlib = install("birdlib", "1")
    assert [finding.state for finding in environment.bytecode(("birdlib",))] == ["warning"]

    py_compile.compile(str(birdlib))
    assert [finding.state for finding in environment.bytecode(("birdlib",))] == ["ok"]

    os.utime(birdlib, (1_000_000_000, 1_000_000_000))
    (finding,) = environment.bytecode(("birdlib", "os"))
    assert finding.text.startswith("none of birdlib: ")
    assert "-m compileall -q" in finding.mend


def test_an_encoding_other_than_utf_8_is_a_warning_that_says_what_is_in_it():
    code = "from pipeline.doctor import environment; print(next(environment.encoding()))"
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    def said(variables):
        process = [sys.executable, "-c", code]
        return subprocess.check_output(process, text=True, env=variables)

    assert "state='ok'" in said({**os.environ, "LC_ALL": "C.UTF-8"})
    assert "got ascii in names of files" in said(plain)
    assert "got ascii in output; exp" in said({**os.environ, "PYTHONIOENCODING": "ascii"})
