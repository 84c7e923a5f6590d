"""What a version says of itself: a file in it, which appears and goes with it."""

import datetime
import pathlib

import pydantic

from components.pusher.sums import Sum, Sums, differences, sums
from components.pusher.version import VersionError

FILE = "assets.extra/manifest.json"  # loaders leave alone what they do not know there
_NAMED = 3  # differences that a message names


class _Written(pydantic.BaseModel):
    """What is read again, also when a later version of ours wrote more."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")


class Trained(_Written):
    """The model as the Trainer made it."""

    uri: str  # of the artifact; on Kubeflow, its path in the pod
    id: int | None = None  # of the artifact in ML Metadata
    sha256: str  # over names and contents of its files


class Data(_Written):
    """What it was trained and judged on."""

    fingerprint: str | None = None  # ExampleGen's: sizes and times of the files
    span: int | None = None
    rows: dict[str, int] = {}  # by split
    statistics: str | None = None  # SHA-256 over StatisticsGen's files


class Verdict(_Written):
    """What the Evaluator said, as `verdict.json` beside its blessing has it."""

    blessed: bool
    sentence: str
    forced_by: str | None = None  # who wanted it pushed although a rule broke
    metrics: dict[str, float | None] = {}


class Origin(_Written):
    """The version that this one is a copy of."""

    place: str
    version: int


class Manifest(_Written):
    """A version. What was not at hand when it was pushed is null."""

    version: int | None = None
    pushed: datetime.datetime | None = None
    pipeline: str | None = None
    run: str | None = None
    model: Trained | None = None
    data: Data | None = None
    code: str | None = None  # SHA-256 over our components and modules, and the user's files
    spec: str | None = None  # SHA-256 over the part of the spec that decides what is pushed
    libraries: dict[str, str] = {}  # version by name
    verdict: Verdict | None = None
    restores: int | None = None  # the version whose files it has again, after a rollback
    promoted_from: Origin | None = None
    files: dict[str, Sum] = {}  # of the version, but for this one

    def text(self) -> str:
        """As it is written."""
        return self.model_dump_json(indent=1) + "\n"

    def of(self, version: int, files: Sums) -> "Manifest":
        """The same for a version that appears now."""
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        return self.model_copy(update={"version": version, "pushed": now, "files": dict(files)})


def parsed(text: str | bytes | None) -> Manifest | None:
    """The manifest that a text holds; None if there is none, or it is not one of ours."""
    try:
        return Manifest.model_validate_json(text or "")
    except pydantic.ValidationError:
        return None


def restored(manifest: Manifest | None) -> int | None:
    """The version that a version goes back to; None if it is of no rollback, as far as it says."""
    return manifest.restores if manifest else None


def check_files(folder: pathlib.Path, manifest: Manifest | None) -> None:
    """Holds the files of a version against its manifest; without one, there is nothing to hold.

    Raises:
        VersionError: if they differ.
        OSError: if they cannot be read.
    """
    if manifest and manifest.files:
        check_same(folder, sums(folder, FILE), manifest.files)


def check_same(what: pathlib.Path | str, found: Sums, expected: Sums) -> None:
    """Raises VersionError, naming what, if files are not as expected."""
    problems = differences(found, expected)
    if problems:
        more = f" and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise VersionError(f"{what}: is damaged: {'; '.join(problems[:_NAMED])}{more}")
