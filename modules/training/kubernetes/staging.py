"""A training's folder on the shared volume: workers cannot see the files of the Trainer's pod.

<name>/job.json     what the workers train, its paths those below
<name>/inputs/      copies of the transform graph, the examples, the base model, the user's code
<name>/session/     how the workers come together (session.py)
<name>/failure.json what is wrong with the spec or the data, if a worker says so
<name>/model/       the SavedModel
<name>-run/         history, logs and checkpoints; it outlives a launch that was interrupted
"""

import dataclasses
import glob
import json
import os
import pathlib
import shutil
from collections.abc import Iterable, Sequence

from modules import errors
from modules.errors import InputProblem, SpecError
from modules.spec.model import CustomModel
from modules.training.job import Job
from modules.training.kubernetes.session import write

_RUN = "-run"
_OF = "fingerprint"  # in the run folder: whose checkpoints these are
_MOST_BYTES = 64 * 2**20  # of a file beside the user's code; larger ones are data
_LEFT_OUT = ("runs", "__pycache__")


@dataclasses.dataclass(frozen=True)
class Stage:
    """The folder of one training."""

    folder: pathlib.Path

    @property
    def job_file(self) -> pathlib.Path:
        """What the workers train."""
        return self.folder / "job.json"

    @property
    def session(self) -> pathlib.Path:
        """How the workers come together."""
        return self.folder / "session"

    @property
    def failure(self) -> pathlib.Path:
        """What a worker found wrong with the spec or the data."""
        return self.folder / "failure.json"

    @property
    def run(self) -> pathlib.Path:
        """The history, logs and checkpoints."""
        return self.folder.with_name(self.folder.name + _RUN)

    def fill(self, job: Job, fingerprint: str, user: int) -> list[str]:
        """Copies everything that the workers read; the job file comes last.

        Args:
            job: with the paths of this pod.
            fingerprint: of the job; checkpoints of another one are removed.
            user: who the workers are.

        Returns:
            The files beside the user's code that are too large to be copied.

        Raises:
            SpecError: if the volume is not mounted here.
        """
        self._check_volume()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._begin_run(fingerprint)
        inputs = self.folder / "inputs"
        self.session.mkdir(parents=True)
        inputs.mkdir()
        left_out = _copy_code(job, inputs / "spec")
        staged = {
            "folder": str(inputs / "spec"),
            "transform": _copied(job.transform, inputs / "transform"),
            "train": _examples(job.train, inputs / "train"),
            "valid": _examples(job.valid, inputs / "valid"),
            "base_model": job.base_model and _copied(job.base_model, inputs / "base_model"),
            "model": str(self.folder / "model"),
            "run": str(self.run),
            "cluster": None,
        }
        write(self.job_file, job.model_copy(update=staged).model_dump_json(indent=1))
        if os.getuid() == 0:  # else the workers are who we are
            _give((self.folder, self.run), user)
        return left_out

    def add_restart(self, reason: str) -> None:
        """Notes why workers start again, for the history; a launch before may have done so."""
        job = Job.model_validate_json(self.job_file.read_text(encoding="utf-8"))
        if reason in job.restarts:
            return
        noted = job.model_copy(update={"restarts": (*job.restarts, reason)})
        write(self.job_file, noted.model_dump_json(indent=1))

    def problem(self) -> InputProblem | None:
        """What a worker found wrong with the spec or the data, if one did."""
        if not self.failure.exists():
            return None
        told = json.loads(self.failure.read_text(encoding="utf-8"))
        found: InputProblem = getattr(errors, told["failure"])(told["problems"])
        return found

    def deliver(self, job: Job) -> None:
        """Copies the model and the run folder to where the job wants them."""
        for made, wanted in ((self.folder / "model", job.model), (self.run, job.run)):
            shutil.copytree(
                made,
                wanted,
                ignore=shutil.ignore_patterns(_OF),
                copy_function=shutil.copyfile,
                dirs_exist_ok=True,
            )

    def remove(self, with_run: bool) -> None:
        """Removes the folder, and the checkpoints if so told."""
        for folder in (self.folder, self.run) if with_run else (self.folder,):
            shutil.rmtree(folder, ignore_errors=True)

    def _check_volume(self) -> None:
        if not self.folder.parent.is_dir():
            raise SpecError(
                [
                    f"kubeflow.volume.path: no folder {self.folder.parent} in this pod, "
                    f"expected the volume to be mounted there, as it is in the workers"
                ]
            )

    def _begin_run(self, fingerprint: str) -> None:
        file = self.run / _OF
        if not file.exists() or file.read_text(encoding="utf-8") != fingerprint:
            shutil.rmtree(self.run, ignore_errors=True)
            self.run.mkdir()
            write(file, fingerprint)


def around(job_file: pathlib.Path) -> Stage:
    """The stage whose job file this is."""
    return Stage(job_file.parent)


def _copied(path: str, to: pathlib.Path) -> str:
    """A folder's copy; what lies in an object store, workers read there."""
    if "://" in path:
        return path
    shutil.copytree(path, to, copy_function=shutil.copyfile)
    return str(to)


def _examples(patterns: Sequence[str], to: pathlib.Path) -> tuple[str, ...]:
    """Copies of the files that match, in the order in which they are read, as often as named."""
    to.mkdir()
    remote = [pattern for pattern in patterns if "://" in pattern]
    found = sorted(file for pattern in patterns for file in glob.glob(pattern))  # noqa: PTH207
    places = {
        file: to / f"{place:05}{pathlib.Path(file).suffix}"  # which says how it is read
        for place, file in enumerate(dict.fromkeys(found))
    }
    for file, copy in places.items():
        shutil.copyfile(file, copy)
    return (*remote, *(str(places[file]) for file in found))


def _copy_code(job: Job, to: pathlib.Path) -> list[str]:
    """Copies what lies beside the spec, if a function of the user's own is called there."""
    to.mkdir()
    if not _calls_user_code(job):
        return []
    left_out = []
    root = pathlib.Path(job.folder)
    for file in sorted(root.rglob("*")):
        way = file.relative_to(root)
        if not file.is_file() or any(_is_left_out(part) for part in way.parts):
            continue
        if file.stat().st_size > _MOST_BYTES:
            left_out.append(str(way))
            continue
        (to / way).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to / way)
    return left_out


def _calls_user_code(job: Job) -> bool:
    teacher = getattr(job.spec.training.loss, "teacher", None)
    return any(isinstance(model, CustomModel) for model in (job.spec.model, teacher))


def _is_left_out(part: str) -> bool:
    return part.startswith(".") or part in _LEFT_OUT


def _give(folders: Iterable[pathlib.Path], user: int) -> None:
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, user)
