"""The pod that writes the report of a run, where Kubeflow shows it.

It comes last, when a model may be pushed already, so it does not fail: a page that cannot be
written says so instead.
"""

import argparse
import html
import pathlib
import sys
import traceback
from collections.abc import Sequence

from pipeline.failure import explained

_WITHOUT = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<title>No report</title>
</head>
<body>
<h1>No report</h1>
<p>It could not be written: {why}</p>
<p>What the run made and pushed is as it is. The log of this step tells more.</p>
</body>
</html>
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the page, and prints a line if it is not the report."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.kubeflow.report")
    parser.add_argument("--image", required=True, help="of the run's pods")
    parser.add_argument("--output", required=True, type=pathlib.Path, help="the file to write")
    parser.add_argument("--input", required=True, help="KFP's ExecutorInput, as JSON")
    given = parser.parse_args(arguments)
    try:
        _write(given.input, given.image, given.output)
    except Exception as error:
        traceback.print_exc()
        why = "; ".join(explained(error)[1])
        given.output.parent.mkdir(parents=True, exist_ok=True)
        given.output.write_text(_WITHOUT.format(why=html.escape(why)), encoding="utf-8")
        print(f"headrace: no report: {why}", file=sys.stderr)
    return 0


def _write(executor_input: str, image: str, file: pathlib.Path) -> None:
    # Late: what is wrong with an import is a reason like any other.
    from pipeline.kubeflow.facts import facts_of
    from pipeline.report.rendering import of_run
    from pipeline.report.writing import write_page

    write_page(of_run(facts_of(executor_input, image)), file)


if __name__ == "__main__":
    sys.exit(main())
