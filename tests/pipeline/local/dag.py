"""Made-up DAGs on the real runner: a process that runs those it is asked for, each in a fork.

    python -m tests.pipeline.local.dag

A line of standard input asks for a run, as JSON: `folder`; `nodes`, by name
`{"after": [name, ...], "does": behaviour}`; `local`, that table of a spec; `run`, its id;
and what a Request takes. The events go to `<run>.events` in the folder; the exit code is printed.
"""

import json
import os
import pathlib
import sys
import traceback
from typing import Any

from tfx.dsl.compiler import compiler
from tfx.orchestration.pipeline import Pipeline

from pipeline import lineage
from pipeline.local import (
    launching,  # noqa: F401  as the worker has it, once a node has run
    reuse,
)
from pipeline.local.cache.code import Codebase
from pipeline.local.plan import Dag, steps
from pipeline.local.result import Request
from pipeline.local.runner import Runner
from pipeline.local.worker import selected
from pipeline.spec import Spec
from tests.pipeline.local.dag_nodes import First, Next


def main() -> None:
    """Runs what is asked for, one after another."""
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                _apart()
                _run(json.loads(line))
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _apart() -> None:
    """A process group of its own, and a standard input that stays open as long as this process."""
    os.setsid()
    reading, _ = os.pipe()
    os.dup2(reading, 0)


def _run(given: dict[str, Any]) -> None:
    folder = pathlib.Path(given["folder"])
    runs, run_id = folder / "runs", given["run"]
    made: dict[str, Any] = {}
    (runs / run_id).mkdir(parents=True)
    for name, node in given["nodes"].items():
        others = [made[other] for other in node["after"]]
        does = node["does"]
        one = Next(given=others[0].outputs["made"], does=does) if others else First(does=does)
        one.add_upstream_nodes(others[1:])
        made[name] = one.with_id(name)
    compiled = compiler.Compiler().compile(
        Pipeline(
            pipeline_name="made-up",
            pipeline_root=str(runs / "artifacts"),
            components=list(made.values()),
            metadata_connection_config=lineage.connection(runs),
        )
    )
    spec = Spec.model_validate(
        {
            "name": "made-up",
            "data": {"source": "none.csv"},
            "label": {"column": "none", "task": "binary"},
            "features": {},
            "local": given.get("local", {}),
        }
    )
    request = Request(
        spec="",
        spec_file=str(folder / "spec.toml"),
        runs=str(runs),
        serving="",
        run_id=run_id,
        **{key: given[key] for key in ("first", "last", "uncached", "resumes") if key in given},
    )
    every = steps(compiled)
    chosen = selected(request, {name: step.upstream for name, step in every.items()})
    asked = [name for name, again in chosen.items() if again]
    forced = reuse.forced(request, spec.local, list(chosen), asked)
    with (folder / f"{run_id}.events").open("w") as events:
        Runner(
            request,
            spec.local,
            Dag(compiled, {name: every[name] for name in chosen}),
            reuse.Reuse(spec, request, Codebase(folder), forced),
            lambda event: print(event.model_dump_json(), file=events, flush=True),
        ).run()


if __name__ == "__main__":
    main()
