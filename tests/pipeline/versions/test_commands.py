"""All commands about versions."""

import re
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from click.testing import CliRunner
from pipeline.cli import main

told = CliRunner().invoke(main, sys.argv[1:])
assert told.exit_code == 0, told.output
heavy = ("tensorflow", "tfx", "apache_beam", "pyarrow", "numpy", "keras")
print([name for name in heavy if name in sys.modules])
"""


def test_a_look_at_versions_imports_nothing_heavy(serving, put):
    put(serving, "a")

    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, "versions", serving.path],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout == "[]\n"


@pytest.mark.parametrize(
    ("command", "codes"),
    [("versions", "012"), ("rollback", "0123"), ("promote", "0123")],
)
def test_help_lists_the_exit_codes(headrace, command, codes):
    text = headrace(command, "--help").text

    listed = text[text.index("Exit codes:") :]
    assert re.findall(r"^ +(\d)  ", listed, re.MULTILINE) == list(codes)
