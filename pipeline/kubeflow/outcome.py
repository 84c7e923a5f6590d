"""The exit handler's pod: says how a run ended, whatever ended it.

Imports nothing heavy: it has to work where other pods did not.
"""

import argparse
import json
import pathlib
import sys
from collections.abc import Sequence
from typing import Any


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the outcome as JSON: `pipeline`, `state`, `error`; and prints a line."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.kubeflow.outcome")
    parser.add_argument("--pipeline", required=True)
    parser.add_argument("--status", required=True, help="KFP's PipelineTaskFinalStatus, as JSON")
    parser.add_argument("--output", required=True, type=pathlib.Path)
    given = parser.parse_args(arguments)
    outcome = _outcome(given.pipeline, given.status)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    error = f": {outcome['error']}" if outcome["error"] else ""
    print(f"headrace: {outcome['pipeline']} {outcome['state'].lower()}{error}", file=sys.stderr)
    return 0


def _outcome(pipeline: str, status: str) -> dict[str, Any]:
    told = json.loads(status)
    error = told.get("error") or {}
    return {
        "pipeline": pipeline,
        "state": told.get("state") or "UNKNOWN",
        "error": error.get("message") if isinstance(error, dict) else str(error),
    }


if __name__ == "__main__":
    sys.exit(main())
