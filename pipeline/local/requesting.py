"""What a command line asks for, as the request that a worker is given."""

import dataclasses
import datetime
import pathlib
from collections.abc import Sequence

import pydantic

from modules.errors import SpecError
from pipeline import spec as spec_of
from pipeline.local.result import Request, Result
from pipeline.spec import Spec

REQUEST, RESULT = "request.json", "result.json"  # in the folder of a run
RUN_ID = "%Y%m%d-%H%M%S-%f"  # the time, by the clock of the machine


@dataclasses.dataclass(frozen=True)
class Order:
    """What is asked of a run, beside its spec."""

    overrides: tuple[str, ...] = ()  # `key.path=value`
    runs: pathlib.Path | None = None  # None: `runs` beside the spec
    resume: bool = False
    first: str | None = None
    last: str | None = None
    uncached: tuple[str, ...] = ()

    def folder(self, spec_file: pathlib.Path) -> pathlib.Path:
        """Where runs go."""
        return (self.runs or spec_file.absolute().parent / "runs").absolute()


def requested(spec_file: pathlib.Path, order: Order) -> tuple[Spec, Request]:
    """The spec and the request, its run's id still empty.

    Raises:
        SpecError: if the spec is not usable, or there is nothing to resume.
    """
    runs = order.folder(spec_file)
    resumed = _unfinished(spec_file.absolute(), runs, order) if order.resume else None
    overrides = resumed.overrides if resumed else list(order.overrides)
    spec = spec_of.load(spec_file, overrides)
    folder = spec_file.absolute().parent
    serving = folder / spec.push.to if spec.push.to else runs / "serving"
    request = Request(
        spec=spec.model_dump_json(by_alias=True),
        spec_file=str(spec_file.absolute()),
        overrides=overrides,
        runs=str(runs),
        serving=str(serving),
        run_id="",
        first=order.first,
        last=order.last,
        uncached=list(order.uncached),
    )
    return spec, _going_on(request, resumed) if resumed else request


def new_run(runs: pathlib.Path) -> str:
    """Makes the folder of a new run and gives its id: the time, and always after those before.

    The clock may have been set back; whoever sorts runs by their ids still finds the newest last.
    """
    now = datetime.datetime.now().astimezone().replace(tzinfo=None)
    before = max(_times(runs), default=now - datetime.timedelta(microseconds=1))
    run_id = max(now, before + datetime.timedelta(microseconds=1)).strftime(RUN_ID)
    (runs / run_id).mkdir()
    return run_id


def run_ids(runs: pathlib.Path) -> list[str]:
    """The runs in a folder, the oldest first."""
    return sorted(time.strftime(RUN_ID) for time in _times(runs))


def _times(runs: pathlib.Path) -> list[datetime.datetime]:
    found = []
    for entry in runs.iterdir() if runs.is_dir() else ():
        try:
            found.append(datetime.datetime.strptime(entry.name, RUN_ID))  # noqa: DTZ007  local
        except ValueError:
            continue
    return found


def result_of(run: pathlib.Path) -> Result | None:
    """How a run ended; None if it was killed, or goes on."""
    try:
        return Result.model_validate_json((run / RESULT).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, pydantic.ValidationError):
        return None


def request_of(run: pathlib.Path) -> Request | None:
    """What a run was asked to do, if that can still be read."""
    try:
        return Request.model_validate_json((run / REQUEST).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, pydantic.ValidationError):
        return None


def _unfinished(spec_file: pathlib.Path, runs: pathlib.Path, order: Order) -> Request:
    """The latest run of the spec, which must not have come to its end."""
    if order.overrides or order.first or order.last or order.uncached:
        raise SpecError(
            [
                "--resume: takes --set, --from, --to, --only and --no-cache from the run that it "
                "goes on with. Leave them out, or start a new run without --resume: what is "
                "unchanged comes from the cache"
            ]
        )
    for run_id in reversed(run_ids(runs)):
        request = request_of(runs / run_id)
        if request is None or request.spec_file != str(spec_file):
            continue
        result = result_of(runs / run_id)
        if result is None or result.verdict == "failed":
            return request
        break
    raise SpecError([f"--resume: no run of {spec_file.name} in {runs} was cut short"])


def _going_on(request: Request, resumed: Request) -> Request:
    """The request that goes on with a run.

    Raises:
        SpecError: if the spec is not what it was.
    """
    if request.spec != resumed.spec:
        raise SpecError(
            [
                f"--resume: the spec has changed since run {resumed.run_id}. Start a new run "
                f"without --resume: what the change does not touch comes from the cache"
            ]
        )
    kept: dict[str, Sequence[str] | str | None] = {
        name: getattr(resumed, name) for name in ("first", "last", "uncached")
    }
    return request.model_copy(update={**kept, "resumes": resumed.run_id})
