"""The command line itself."""

import subprocess
import sys

from click.testing import CliRunner

from pipeline.cli import main
from pipeline.failure import ExitCode


def test_help_lists_every_exit_code():
    text = CliRunner().invoke(main, ["run", "--help"]).output

    listed = [
        line.split()[0] for line in text[text.index("Exit codes:") :].splitlines()[1:] if line
    ]
    assert listed == [str(code.value) for code in sorted(ExitCode)]


def test_a_wrong_option_is_a_usage_error():
    result = CliRunner().invoke(main, ["run", "spec.toml", "--jsn"])

    assert result.exit_code == ExitCode.BAD_SPEC
    assert "--json" in result.output


def test_help_imports_nothing_heavy():
    program = (
        "import sys, pipeline.cli;"
        "print([name for name in ('tensorflow', 'tfx', 'pyarrow', 'pydantic', 'rich')"
        " if name in sys.modules])"
    )

    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert told.stdout == "[]\n"
