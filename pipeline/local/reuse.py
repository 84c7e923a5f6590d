"""Whether a node has to run: what its outcome depends on, held against what the cache has."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from components.example_gen import files
from components.pusher.folder import Folder
from components.pusher.manifest import FILE as MANIFEST
from components.pusher.sums import sums
from pipeline import lineage
from pipeline.local.cache import contents, index, why
from pipeline.local.cache.code import Code, Codebase
from pipeline.local.plan import Source, Step
from pipeline.local.record import Output, Parts, Record
from pipeline.local.result import Request
from pipeline.local.settings import Local
from pipeline.spec import Spec

Outputs = Mapping[str, Mapping[str, Sequence[Output]]]  # by node and output key
_SERVING_MODEL = "Format-Serving"  # tfx/utils/path_utils.py


@dataclasses.dataclass
class Chosen:
    """What is to be done for a node."""

    parts: Parts
    key: str
    record: Record | None  # that serves; None: the node runs
    why: list[str]
    is_still_true: Callable[[], bool]  # whether data and code still are what the parts say
    goes_on: bool = True  # whether a training may go on from the checkpoints of an earlier try


class Reuse:
    """Chooses for one run what the cache serves."""

    def __init__(
        self,
        spec: Spec,
        request: Request,
        codebase: Codebase,
        forced: Mapping[str, str],
    ) -> None:
        """Takes what was asked for.

        Args:
            spec: of the run.
            request: of the run.
            codebase: the code, as it was when the run began.
            forced: by node that runs whatever the cache has, the reason.
        """
        self._spec, self._request, self._codebase, self._forced = spec, request, codebase, forced
        self._runs = pathlib.Path(request.runs)
        self._folder = pathlib.Path(request.spec_file).parent

    def look_ahead(self, steps: Iterable[Step]) -> None:
        """Reads the code of nodes that are still to come, which need not wait for it then."""
        with contextlib.suppress(OSError):  # whoever needs it tells of it
            for step in steps:
                self._code(step)

    def choose(self, step: Step, outputs: Outputs) -> Chosen:
        """What is to be done for a node whose upstream nodes are done.

        Args:
            step: the node.
            outputs: of all nodes that are done.
        """
        read = self._read(step)
        before = contents.state(read)
        code = self._code(step)
        parts = self._parts(step, code, read, outputs)
        key = why.key(parts)
        chosen = Chosen(
            parts=parts,
            key=key,
            record=None,
            why=[],
            is_still_true=lambda: contents.state(read) == before and self._codebase.unchanged(code),
        )
        record = index.find(self._runs, step.name, key)
        forced = self._forced.get(step.name)
        if forced and not (record and record.run == self._request.resumes):
            chosen.why, chosen.goes_on = [forced], False
        elif record is None:
            chosen.why = self._missed(step, parts)
        elif damage := self._damage(record, outputs):
            index.forget(self._runs, record)
            chosen.why = damage
        else:
            chosen.record = record
            chosen.why = [f"nothing it depends on has changed since run {record.run}"]
            chosen.why += _rolled_back(record)
        return chosen

    def _code(self, step: Step) -> Code:
        return self._codebase.of(step.modules, [self._folder / name for name in step.hooks])

    def _missed(self, step: Step, parts: Parts) -> list[str]:
        """Why there is nothing in the cache."""
        latest = index.latest(self._runs, step.name)
        if latest is None:
            return ["it has not run before"]
        return why.differences(parts, latest.parts)

    def _damage(self, record: Record, outputs: Outputs) -> list[str]:
        """Why what the cache has can not serve; empty if it can."""
        ids = [output.id for each in record.outputs.values() for output in each]
        problems = index.damaged(record)
        if not problems and not lineage.are_live(self._runs, ids):
            problems = ["ML Metadata no longer knows its outputs"]
        return problems or self._unserved(record, outputs)

    def _unserved(self, record: Record, outputs: Outputs) -> list[str]:
        """Why a push has to be made again: what is served is another version, or damaged."""
        if record.finished.pushed is None:
            return []
        pushed = pathlib.Path(record.finished.pushed)
        if _rolled_back(record):
            return []
        if not pushed.is_dir():
            return [f"the version that was pushed, {pushed}, is gone"]
        newest = Folder(pushed.parent).versions()[-1]
        if int(pushed.name) != newest:
            return [f"another version, {newest}, has been pushed since"]
        models = [
            pathlib.Path(output.uri, _SERVING_MODEL)
            for of_node in outputs.values()
            for output in of_node.get("model", ())
        ]
        if any(_are_same(model, pushed) for model in models):
            return []
        return [f"{pushed} is not what was pushed"]

    def _parts(
        self, step: Step, code: Code, read: Sequence[pathlib.Path], outputs: Outputs
    ) -> Parts:
        inputs = {
            key: [output.digest for source in sources for output in made(source, outputs)]
            for key, sources in step.inputs.items()
        }
        if read:
            inputs["files"] = [contents.digest_files(read, self._folder)]
        if step.looks_up:
            inputs["blessed models"] = self._blessed(step, outputs)
        return Parts(
            component=step.executor,
            properties=step.properties,
            code=code.digests,
            libraries=code.libraries,
            inputs=inputs,
        )

    def _blessed(self, step: Step, outputs: Outputs) -> list[str]:
        """The models that a node which looks for an earlier one may find: not the candidate."""
        candidates = {
            output.id
            for sources in step.inputs.values()
            for source in sources
            for output in made(source, outputs)
        }
        found = lineage.blessed_models(self._runs, self._spec.name)
        return [str(model) for model in found if model not in candidates]

    def _read(self, step: Step) -> list[pathlib.Path]:
        """Files outside the pipeline that a node reads."""
        found = []
        if "input_base" in step.properties:
            found += files.find(self._spec.data.source, self._folder)
        if "schema_file" in step.properties:
            found.append(pathlib.Path(step.properties["schema_file"]))
        return found


def forced(
    request: Request, settings: Local, nodes: Sequence[str], asked: Sequence[str]
) -> dict[str, str]:
    """By node that has to run whatever the cache has, the reason.

    Args:
        request: of the run.
        settings: the `[local]` table.
        nodes: of the run.
        asked: those that `--from` or `--only` names, with what follows.
    """
    found = dict.fromkeys(asked, "it was asked for")
    for node in nodes:
        if node in request.uncached or "*" in request.uncached:
            found[node] = "the cache was switched off for it by --no-cache"
        elif not settings.stage(node).cache:
            found[node] = "the cache is switched off for it in [local]"
    return found


def made(source: Source, outputs: Outputs) -> Sequence[Output]:
    """The artifacts that an input is, of nodes that are done."""
    return outputs.get(source.node, {}).get(source.output, ())


def _rolled_back(record: Record) -> list[str]:
    """Why a push is not made again though another version is served: somebody wanted that."""
    if record.finished.pushed is None:
        return []
    pushed = pathlib.Path(record.finished.pushed)
    folder = Folder(pushed.parent)
    newest = max(folder.versions(), default=0)
    manifest = folder.manifest(newest)
    if manifest is None or manifest.restores is None:
        return []
    if not manifest.restores < int(pushed.name) < newest:  # it is not what was gone back from
        return []
    return [
        f"version {newest}, a rollback to {manifest.restores}, is served, and stays; "
        f"`headrace rollback {pushed.name}` or --from Pusher serves this model again"
    ]


def _are_same(model: pathlib.Path, pushed: pathlib.Path) -> bool:
    """Whether a version has the files of a model, and none but its manifest beside."""
    try:
        return sums(model, MANIFEST) == sums(pushed, MANIFEST)
    except OSError:
        return False
