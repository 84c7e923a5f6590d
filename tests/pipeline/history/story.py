"""A folder of runs as `headrace run` leaves it: small files, real records, a real ML Metadata.

The pipeline of the story is Rows, StatisticsGen, Trainer, Baseline, Evaluator, Pusher; the real
cache serves its nodes when the same has run before.
"""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from ml_metadata.proto import metadata_store_pb2 as pb
from tensorflow_metadata.proto.v0 import statistics_pb2

from pipeline import lineage
from pipeline.local import record as record_of
from pipeline.local.cache import contents, index, why
from pipeline.local.record import Output, Parts, Record
from pipeline.local.result import Finished, Node, Request, Result

PIPELINE = "birds"
NODES = ["Rows", "StatisticsGen", "Trainer", "Baseline", "Evaluator", "Pusher"]
TYPES = {
    "examples": "Examples",
    "statistics": "ExampleStatistics",
    "model": "Model",
    "model_run": "ModelRun",
    "evaluation": "ModelEvaluation",
    "blessing": "ModelBlessing",
    "pushed_model": "PushedModel",
}
INPUTS = {
    "Rows": [],
    "StatisticsGen": ["examples"],
    "Trainer": ["examples"],
    "Baseline": ["model"],
    "Evaluator": ["examples", "model", "baseline"],
    "Pusher": ["model", "blessing"],
}
OUTPUTS = {
    "Rows": ["examples"],
    "StatisticsGen": ["statistics"],
    "Trainer": ["model", "model_run"],
    "Evaluator": ["evaluation", "blessing"],
    "Pusher": ["pushed_model"],
}
RUNNING, COMPLETE = pb.Execution.RUNNING, pb.Execution.COMPLETE


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a run is asked for, and how far it comes."""

    rows: tuple[float, ...] = (1.0, 2.0, 6.0)
    epochs: int = 1
    blessed: bool = True  # by the rules of this run
    ends: Literal["well", "failed", "killed", "unbegun"] = "well"
    at: str = "Trainer"  # the node that fails, or during which it is killed
    spec_file: str = "spec.toml"
    resumes: str | None = None


class Story:
    """Runs in a folder, one after another."""

    def __init__(self, runs: pathlib.Path) -> None:
        self.runs = runs
        self.serving = runs / "serving"
        self.count = 0

    def run(self, **asked: Any) -> str:
        """Adds a run; its id."""
        self.count += 1
        run = f"20260101-000000-{self.count:06}"
        _Run(self, run, Asked(**asked)).go()
        return run

    def folders(self) -> list[str]:
        """The runs that have a folder."""
        return sorted(entry.name for entry in self.runs.iterdir() if entry.name[0] == "2")

    def records(self, run: str) -> dict[str, Record]:
        return record_of.records(self.runs / run)

    def output(self, run: str, name: str) -> pathlib.Path:
        """The folder of an output that a run names."""
        outputs = {
            key: found for each in self.records(run).values() for key, found in each.outputs.items()
        }
        return pathlib.Path(outputs[name][0].uri)

    def result(self, run: str) -> Result:
        return Result.model_validate_json((self.runs / run / "result.json").read_text())


class _Run:
    def __init__(self, story: Story, run: str, asked: Asked) -> None:
        self.story, self.runs, self.run, self.asked = story, story.runs, run, asked
        self.folder = story.runs / run
        self.outputs: dict[str, list[Output]] = {}
        self.nodes: dict[str, Node] = {name: Node(name=name, state="skipped") for name in NODES}
        self.pushed: str | None = None

    def go(self) -> None:
        for folder in (self.folder, self.runs / "checkpoints", self.story.serving):
            folder.mkdir(parents=True, exist_ok=True)
        (self.runs / ".lock").touch()
        self._ask()
        if self.asked.ends == "unbegun":
            return
        (self.folder / "log.txt").write_text("importing\n")
        for name in NODES:
            if name == self.asked.at and self.asked.ends != "well":
                self._cut_short(name)
                break
            self._node(name)
        if self.asked.ends != "killed":
            self._end()

    def _ask(self) -> None:
        spec = {
            "name": PIPELINE,
            "label": {"column": "rare", "task": "binary"},
            "training": {"epochs": self.asked.epochs},
            "evaluation": {
                "rules": [{"metric": "auc", "min": 0.6 if self.asked.blessed else 0.99}]
            },
        }
        request = Request(
            spec=json.dumps(spec),
            spec_file=str(self.runs.parent / self.asked.spec_file),
            overrides=[f"training.epochs={self.asked.epochs}"],
            runs=str(self.runs),
            serving=str(self.story.serving),
            run_id=self.run,
            resumes=self.asked.resumes,
        )
        (self.folder / "request.json").write_text(request.model_dump_json())

    def _end(self) -> None:
        failed = self.asked.ends == "failed"
        verdict = "failed" if failed else "blessed" if self.asked.blessed else "not_blessed"
        result = Result(
            run=self.run,
            pipeline=PIPELINE,
            verdict=verdict,
            reason=f"{self.asked.at}: out of luck" if failed else "1 rule",
            metrics={} if failed else {"accuracy": 0.75, "auc": 0.7 + self.asked.epochs / 100},
            pushed=self.pushed,
            seconds=12.5,
            nodes=list(self.nodes.values()),
        )
        (self.folder / "result.json").write_text(result.model_dump_json(indent=1))

    def _node(self, name: str) -> None:
        parts = self._parts(name)
        key = why.key(parts)
        made = index.find(self.runs, name, key)
        inputs = {source: self._ids(source) for source in INPUTS[name]}
        if made is not None:
            lineage.register_cached(self.runs, made.execution, self._contexts(name), inputs)
        else:
            made = self._execute(name, key, parts, inputs)
            index.keep(self.runs, made)
        record_of.write(made, self.folder / record_of.RECORDS / f"{name}.json")
        cached = made.run != self.run
        reason = (
            f"nothing it depends on has changed since run {made.run}" if cached else "it is new"
        )
        log = None if cached else f"logs/{name}.log"
        self.nodes[name] = Node(
            name=name,
            state="done",
            cached=cached,
            why=[reason],
            seconds=0 if cached else 1.5,
            log=log,
        )
        self.pushed = made.finished.pushed or self.pushed
        found = dict(made.outputs)
        if name == "Baseline":  # its output `model` is not the candidate
            found = {"baseline": found.get("model", [])}
        self.outputs |= found

    def _parts(self, name: str) -> Parts:
        settings: dict[str, dict[str, Any]] = {
            "Rows": {"rows": self.asked.rows},
            "Trainer": {"epochs": self.asked.epochs},
            "Evaluator": {"blessed": self.asked.blessed},
        }
        inputs = {
            source: [output.digest for output in self.outputs.get(source, ())]
            for source in INPUTS[name]
        }
        if name == "Baseline":
            inputs["blessed models"] = [str(model) for model in self._comparable()]
        return Parts(
            component=f"birds.{name}",
            properties=settings.get(name, {}),
            code={f"modules.{name.lower()}": "c0de"},
            libraries={"keras": "3.15.1"},
            inputs=inputs,
        )

    def _comparable(self) -> list[int]:
        candidates = self._ids("model")
        found = lineage.blessed_models(self.runs, PIPELINE)
        return [model for model in found if model not in candidates]

    def _ids(self, source: str) -> list[int]:
        return [output.id for output in self.outputs.get(source, ())]

    def _contexts(self, name: str) -> list[tuple[str, str]]:
        return [("pipeline", PIPELINE), ("pipeline_run", self.run), ("node", f"{PIPELINE}.{name}")]

    def _execute(self, name: str, key: str, parts: Parts, inputs: dict[str, list[int]]) -> Record:
        (self.folder / "logs").mkdir(exist_ok=True)
        (self.folder / "logs" / f"{name}.log").write_text(f"{name} says hello\n")
        finished = Finished(node=name, summary=f"{name} is done")
        if name == "Baseline":
            execution, outputs = self._resolve()
        else:
            execution = self._begin(name, inputs, RUNNING)
            artifacts = {output: self._write(name, output, execution) for output in OUTPUTS[name]}
            outputs = self._publish(execution, artifacts, pb.Event.OUTPUT)
            if name == "Pusher" and self.asked.blessed:
                finished.pushed = finished.summary = str(self._push())
        return Record(
            node=name,
            run=self.run,
            key=key,
            parts=parts,
            execution=execution,
            outputs=outputs,
            finished=finished,
            seconds=1.5,
        )

    def _resolve(self) -> tuple[int, dict[str, list[Output]]]:
        """What a Resolver gives: artifacts of others."""
        found = {"candidate": self._ids("model")}
        if comparable := self._comparable():
            found["model"] = comparable[:1]
        execution = self._begin("Baseline", {}, RUNNING)
        with lineage.opened(self.runs) as store:
            artifacts = {key: store.get_artifacts_by_id(ids)[0] for key, ids in found.items()}
        return execution, self._publish(execution, artifacts, pb.Event.INTERNAL_OUTPUT)

    def _begin(self, name: str, inputs: dict[str, list[int]], state: int) -> int:
        with lineage.opened(self.runs) as store:
            kind = store.put_execution_type(pb.ExecutionType(name=f"birds.{name}"))
            execution = pb.Execution(type_id=kind, last_known_state=state)
            execution.custom_properties["settings"].string_value = "{}"
            ids = [each for found in inputs.values() for each in found]
            given = store.get_artifacts_by_id(ids) if ids else []
            events = [(each, pb.Event(type=pb.Event.INPUT)) for each in given]
            contexts = [self._context(store, *each) for each in self._contexts(name)]
            number, _, _ = store.put_execution(execution, events, contexts)
            run, pipeline = contexts[1], contexts[0]
            if not store.get_parent_contexts_by_context(run.id):
                parent = pb.ParentContext(child_id=run.id, parent_id=pipeline.id)
                store.put_parent_contexts([parent])
        scratch = self.runs / "artifacts" / name / ".system" / "executor_execution" / str(number)
        scratch.mkdir(parents=True)
        return int(number)

    def _context(self, store: Any, kind: str, name: str) -> pb.Context:
        found = store.get_context_by_type_and_name(kind, name)
        if found:
            return found
        kind_id = store.put_context_type(pb.ContextType(name=kind))
        (number,) = store.put_contexts([pb.Context(type_id=kind_id, name=name)])
        (context,) = store.get_contexts_by_id([number])
        return context

    def _write(self, name: str, output: str, execution: int) -> pb.Artifact:
        folder = self.runs / "artifacts" / name / output / str(execution)
        folder.mkdir(parents=True)
        text = f"{output} of {self.asked.rows}, {self.asked.epochs}, {self.asked.blessed}"
        if output == "statistics":
            _write_statistics(folder / "Split-train" / "FeatureStats.pb", self.asked.rows)
        else:
            (folder / "file.txt").write_text(text)
        artifact = pb.Artifact(uri=str(folder), state=pb.Artifact.LIVE)
        if output == "blessing":
            artifact.custom_properties["blessed"].int_value = int(self.asked.blessed)
            artifact.custom_properties["current_model_id"].int_value = self._ids("model")[0]
        with lineage.opened(self.runs) as store:
            artifact.type_id = store.put_artifact_type(pb.ArtifactType(name=TYPES[output]))
        return artifact

    def _publish(
        self, execution: int, artifacts: dict[str, pb.Artifact], kind: int
    ) -> dict[str, list[Output]]:
        with lineage.opened(self.runs) as store:
            (row,) = store.get_executions_by_id([execution])
            row.last_known_state = COMPLETE
            pairs = []
            for key, artifact in artifacts.items():
                event = pb.Event(type=kind)
                event.path.steps.add().key = key
                event.path.steps.add().index = 0
                pairs.append((artifact, event))
            contexts = store.get_contexts_by_execution(execution)
            _, ids, _ = store.put_execution(row, pairs, contexts)
        return {
            key: [_output(int(number), key, pathlib.Path(artifact.uri))]
            for number, (key, artifact) in zip(ids, artifacts.items(), strict=True)
        }

    def _push(self) -> pathlib.Path:
        versions = [int(entry.name) for entry in self.story.serving.iterdir()]
        version = self.story.serving / str(max(versions, default=0) + 1)
        version.mkdir()
        (version / "saved_model.pb").write_text("graph")
        return version

    def _cut_short(self, name: str) -> None:
        """What a node leaves that is killed, or fails: half an output; a Trainer's checkpoints."""
        self.nodes[name] = Node(name=name, state="failed", seconds=1, log=f"logs/{name}.log")
        (self.folder / "logs").mkdir(exist_ok=True)
        (self.folder / "logs" / f"{name}.log").write_text("ouch\n")
        state = RUNNING if self.asked.ends == "killed" else pb.Execution.FAILED
        execution = self._begin(name, {each: self._ids(each) for each in INPUTS[name]}, state)
        for output in OUTPUTS.get(name, ()):
            half = self.runs / "artifacts" / name / output / str(execution)
            half.parent.mkdir(parents=True, exist_ok=True)
            if output == "model_run":
                checkpoints = self.runs / "checkpoints" / why.key(self._parts(name))
                checkpoints.mkdir(exist_ok=True)
                (checkpoints / "weights").write_text("epoch 1")
                half.symlink_to(checkpoints, target_is_directory=True)
            else:
                half.mkdir()
                (half / "part").write_text("half")


def _output(number: int, key: str, folder: pathlib.Path) -> Output:
    digest = contents.digest(folder)
    kind = TYPES["model" if key == "candidate" else key]
    return Output(id=number, type=kind, uri=str(folder), contents=digest, digest=digest)


def _write_statistics(path: pathlib.Path, rows: Sequence[float]) -> None:
    """As StatisticsGen writes them, of one column."""
    found = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = found.datasets.add(num_examples=len(rows))
    feature = dataset.features.add(type=statistics_pb2.FeatureNameStatistics.FLOAT)
    feature.path.step.append("mass")
    feature.num_stats.common_stats.num_non_missing = len(rows)
    feature.num_stats.mean = sum(rows) / len(rows)
    feature.num_stats.min, feature.num_stats.max = min(rows), max(rows)
    path.parent.mkdir(parents=True)
    path.write_bytes(found.SerializeToString())


def contents_of(folder: pathlib.Path) -> dict[str, str]:
    """By path within a folder, the digest of each file: what must not change."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in _files(folder)
    }


def _files(folder: pathlib.Path) -> Iterable[pathlib.Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
