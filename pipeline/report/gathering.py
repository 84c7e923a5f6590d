"""All that a report tells of a run, gathered in one place."""

import dataclasses
import hashlib
import json

import pydantic

from components.evaluator.verdict import Verdict
from pipeline.history.comparing import Comparison, comparison
from pipeline.history.past import Past
from pipeline.history.showing import Shown, shown
from pipeline.report.facts import (
    data,
    earlier,
    evaluation,
    found,
    lineage,
    serving,
    training,
    wrong,
)
from pipeline.report.facts.data import Data
from pipeline.report.facts.earlier import Earlier
from pipeline.report.facts.evaluation import Evaluation
from pipeline.report.facts.found import Found
from pipeline.report.facts.lineage import Place
from pipeline.report.facts.serving import Served
from pipeline.report.facts.sources import Absent, Outputs, outputs_of
from pipeline.report.facts.training import Training
from pipeline.report.facts.wrong import Row
from pipeline.spec import Spec

_DIGEST = 12  # characters of a fingerprint that are shown
_LIBRARIES = ("python", "tfx", "tensorflow", "keras", "apache-beam")


@dataclasses.dataclass(frozen=True)
class Facts:
    """A run. What there is not of it says why."""

    shown: Shown
    spec: str  # as JSON, with its defaults; empty if it cannot be read
    fingerprints: dict[str, str]  # of data, code, spec; versions
    verdict: Verdict | Absent
    since: Comparison | Absent  # what differs from the run before
    data: Data | Absent
    training: Training | Absent
    evaluation: Evaluation | Absent
    wrong: list[Row] | Absent  # the rows that the model is most wrong about
    found: Found
    served: Served
    places: list[Place] | Absent


@dataclasses.dataclass(frozen=True)
class Run:
    """What there is to make facts of, wherever it ran."""

    shown: Shown
    spec: str  # as JSON; empty if it is not known
    fingerprints: dict[str, str]
    outputs: Outputs
    verdict: Verdict | Absent
    since: Comparison | Absent
    earlier: Earlier | Absent  # the run whose data it is compared with
    places: list[Place] | Absent


@dataclasses.dataclass(frozen=True)
class TwoRuns:
    """What differs between two runs, the older one first."""

    old: Facts
    new: Facts  # its data is compared with that of the old one
    differences: Comparison


def of_run(run: Past, against: Past | None = None) -> Facts:
    """The facts of a run, its data compared with that of another; None: with that before it."""
    told, outputs = shown(run), outputs_of(run)
    verdict = evaluation.verdict_of(outputs)
    judge = run.records.get("Evaluator")
    if isinstance(verdict, Absent) and judge:
        verdict = evaluation.verdict_told(judge.finished)
    return gathered(
        Run(
            shown=told,
            spec=run.request.spec if run.request else "",
            fingerprints=_fingerprints(run),
            outputs=outputs,
            verdict=verdict,
            since=comparison(against, run) if against else earlier.since(run),
            earlier=earlier.of_run(run, against),
            places=lineage.places(run, told.nodes),
        )
    )


def gathered(run: Run) -> Facts:
    """The facts of a run, read from its outputs."""
    spec, outputs = _spec(run.spec), run.outputs
    rules = () if isinstance(run.verdict, Absent) else run.verdict.rules
    return Facts(
        shown=run.shown,
        spec=_indented(run.spec),
        fingerprints=run.fingerprints,
        verdict=run.verdict,
        since=run.since,
        data=data.of_run(outputs, spec, run.earlier),
        training=training.of_run(outputs),
        evaluation=evaluation.of_run(outputs, spec, rules),
        wrong=wrong.of_run(outputs),
        found=found.of_run(outputs, spec),
        served=serving.of_run(outputs),
        places=run.places,
    )


def of_two(old: Past, new: Past) -> TwoRuns:
    """The facts of two runs, and what differs."""
    return TwoRuns(of_run(old), of_run(new, old), comparison(old, new))


def _spec(text: str) -> Spec | None:
    """The spec, if this version of Headrace can read it."""
    try:
        return Spec.model_validate_json(text)
    except (pydantic.ValidationError, RecursionError):
        return None


def _indented(spec: str) -> str:
    """The spec as people read it, also one of another version; empty if it is no JSON."""
    try:
        return json.dumps(json.loads(spec), indent=1, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


def _fingerprints(run: Past) -> dict[str, str]:
    """What tells two runs apart: of their data, code, spec, and the versions of libraries."""
    examples = (
        one.contents
        for record in run.records.values()
        for one in record.outputs.get("examples", ())
    )
    code = sorted({pair for record in run.records.values() for pair in record.parts.code.items()})
    versions = {
        name: version
        for record in run.records.values()
        for name, version in record.parts.libraries.items()
    }
    named = [f"{name} {versions[name]}" for name in _LIBRARIES if name in versions]
    found = {
        "data": next(examples, "")[:_DIGEST],
        "code": digest(json.dumps(code)) if code else "",
        "spec": digest(run.request.spec) if run.request else "",
        "libraries": ", ".join(named),
    }
    return {name: text for name, text in found.items() if text}


def digest(text: str) -> str:
    """What tells a text from others."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
