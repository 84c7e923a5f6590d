"""The process that runs the DAG: asks the cache, imports what is heavy if need be, forks nodes.

It is given a request (JSON, a file) and tells the command how it goes, a JSON event a line on a
pipe. Its output goes to the run's log, that of the nodes to theirs.
"""

import contextlib
import os
import pathlib
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping

from modules.errors import SpecError, did_you_mean
from pipeline import lineage, process
from pipeline.failure import explained
from pipeline.local.requesting import run_ids
from pipeline.local.result import Event, Failed, Request
from pipeline.spec import Spec

Tell = Callable[[Event], None]


def main() -> None:
    """Runs the request of the file named first; events go to the descriptor named second."""
    request = Request.model_validate_json(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    process.begin()
    descriptor = int(sys.argv[2])
    with os.fdopen(descriptor, "w", encoding="utf-8", buffering=1) as pipe:

        def tell(event: Event) -> None:
            pipe.write(event.model_dump_json() + "\n")

        with _failures_told(tell):
            _run(request, tell, descriptor)
    process.end(0)


def _run(request: Request, tell: Tell, descriptor: int) -> None:
    from pipeline.local import reuse
    from pipeline.local.cache.code import Codebase
    from pipeline.local.compiled import compiled
    from pipeline.local.plan import Dag, steps
    from pipeline.local.runner import Runner

    spec, folder = Spec.model_validate_json(request.spec), pathlib.Path(request.spec_file).parent
    _settle(pathlib.Path(request.runs), request.run_id)
    codebase = Codebase(folder, pathlib.Path(request.runs, "cache", "code.json"))
    pipeline = compiled(spec, request, codebase)
    every = steps(pipeline)
    check_names(request, spec, list(every))
    if spec.local.runner == "tfx":
        from pipeline.local.stock import run_stock

        process.imported()
        run_stock(pipeline, pathlib.Path(request.runs), request.run_id, tell)
        return
    chosen = selected(request, {name: step.upstream for name, step in every.items()})
    asked = [name for name, again in chosen.items() if again]
    forced = reuse.forced(request, spec.local, list(chosen), asked)
    Runner(
        request,
        spec.local,
        Dag(pipeline, {name: every[name] for name in chosen}),
        reuse.Reuse(spec, request, codebase, forced),
        tell,
        hidden=[descriptor],
    ).run()


def _settle(runs: pathlib.Path, run_id: str) -> None:
    """Notes as failed in ML Metadata what the run before this one left under way.

    A run that was killed could not say so itself; runs take turns, so nobody else can be at work.
    """
    before = [each for each in run_ids(runs) if each < run_id][-1:]
    lineage.settle(runs, before)


def check_names(request: Request, spec: Spec, nodes: list[str]) -> None:
    """Refuses nodes that the pipeline has not.

    Raises:
        SpecError: with the nearest name of each.
    """
    named = {
        "--from": [request.first] if request.first else [],
        "--to": [request.last] if request.last else [],
        "--no-cache-for": [name for name in request.uncached if name != "*"],
        "local.stages": list(spec.local.stages),
    }
    problems = [
        f"{where}: no node {name!r}, expected one of {', '.join(nodes)}{did_you_mean(name, nodes)}"
        for where, names in named.items()
        for name in names
        if name not in nodes
    ]
    if problems:
        raise SpecError(problems)


def selected(request: Request, upstream: Mapping[str, frozenset[str]]) -> dict[str, bool]:
    """The nodes of a whole or partial run, in order, and whether each has to run anyway.

    Raises:
        SpecError: if the first node comes after the last.
    """
    from pipeline.local.schedule import after, before

    downstream = {name: [each for each in upstream if name in upstream[each]] for name in upstream}
    again = {request.first, *after(request.first, downstream)} if request.first else set()
    wanted = {request.last, *before(request.last, upstream)} if request.last else set(upstream)
    if request.first and request.first not in wanted:
        raise SpecError(
            [f"--from {request.first} --to {request.last}: {request.first} is not upstream of it"]
        )
    return {name: name in again for name in upstream if name in wanted}


@contextlib.contextmanager
def _failures_told(tell: Tell) -> Iterator[None]:
    """Turns whatever is raised into one event; the log has the whole trace."""
    try:
        yield
    except Exception as error:
        traceback.print_exc()
        code, problems = explained(error)
        tell(Failed(exit_code=code, problems=problems))
        sys.exit(1)


if __name__ == "__main__":
    main()
