"""Which folder of runs is asked about, and which runs it has."""

import datetime
import pathlib
from collections.abc import Iterator

from modules.errors import SpecError, did_you_mean
from pipeline.console import near
from pipeline.local.requesting import REQUEST, RESULT, RUN_ID

DEFAULT = "runs"
LATEST = "last"  # names the newest run
LOG, LOGS = "log.txt", "logs"
REPORT, COMPARISON = "report.html", "comparison.html"
SERVING = "serving"  # folder within that of the runs, for pushed versions
# Everything that a run writes to its folder.
OF_A_RUN = (REQUEST, RESULT, LOG, LOGS, "records", "query.py", REPORT, COMPARISON)
_METADATA = "metadata.sqlite"  # as in pipeline.lineage, whose import takes longer than an answer
_NAMED = 5  # folders or runs that a message names


def folder_of_runs(given: pathlib.Path | None) -> pathlib.Path:
    """The folder that was given, or `runs` in the current one.

    Raises:
        SpecError: if it holds no runs; names those below it that do.
    """
    folder = (given or pathlib.Path(DEFAULT)).absolute()
    if _holds_runs(folder):
        return folder
    start = folder if given and folder.is_dir() else pathlib.Path.cwd()
    problem = "holds no runs" if folder.is_dir() else "no such folder"
    found = [str(near(each)) for each in _folders_below(start)]
    mend = "`headrace run SPEC` makes one beside the spec"
    if found:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        mend = f"Give one with --runs: {', '.join(found[:_NAMED])}{more}"
    raise SpecError([f"{near(folder)}: {problem}. {mend}"])


def ids(runs: pathlib.Path) -> list[str]:
    """The runs in a folder, the newest first."""
    return sorted((entry.name for entry in runs.iterdir() if _is_run(entry)), reverse=True)


def time_of(name: str) -> datetime.datetime | None:
    """When a run of that name was asked for, by the clock of the machine; None if it names none."""
    try:
        time = datetime.datetime.strptime(name, RUN_ID)  # noqa: DTZ007  local, as the name is
    except ValueError:
        return None
    return time if time.strftime(RUN_ID) == name else None


def find(runs: pathlib.Path, name: str) -> str:
    """The id of the run that a name means: an id, the beginning of one, or `last`.

    Raises:
        SpecError: if it means none, or several.
    """
    known = ids(runs)
    if not known:
        raise SpecError([f"{near(runs)}: there are no runs yet. `headrace run SPEC` starts one"])
    if name == LATEST:
        return known[0]
    found = [run for run in known if run.startswith(name)]
    if name in found:
        return name
    if not found:
        mend = f"`headrace runs` lists what is there{did_you_mean(name, [*known, LATEST])}"
        raise SpecError([f"no run {name!r} in {near(runs)}. {mend}"])
    if len(found) > 1:
        named = ", ".join(found[:_NAMED]) + (", ..." if len(found) > _NAMED else "")
        raise SpecError([f"{name!r} begins {len(found)} runs: {named}. Give more of the id"])
    return found[0]


def _is_run(folder: pathlib.Path) -> bool:
    """Whether a folder is that of a run, and not what was left of one, or is a link elsewhere."""
    if time_of(folder.name) is None or folder.is_symlink():
        return False
    return any((folder / name).exists() for name in OF_A_RUN)


def _holds_runs(folder: pathlib.Path) -> bool:
    try:
        return (folder / _METADATA).is_file() or bool(ids(folder))
    except OSError:  # there is no such folder, or it is not ours to read
        return False


def _folders_below(start: pathlib.Path) -> Iterator[pathlib.Path]:
    """Folders of runs: the one we are in, and those one or two levels below."""
    for pattern in (".", DEFAULT, f"*/{DEFAULT}", f"*/*/{DEFAULT}"):
        candidates = [start] if pattern == "." else sorted(start.glob(pattern))
        yield from (each for each in candidates if _holds_runs(each))
