"""All that a report tells of a run, gathered in one place."""

import dataclasses
import hashlib
import json

import pydantic

from components.evaluator.verdict import Verdict
from pipeline.history.comparing import Comparison, comparison
from pipeline.history.past import Past
from pipeline.history.showing import Shown, shown
from pipeline.report import data, evaluation, lineage, serving, training, wrong
from pipeline.report.data import Data
from pipeline.report.evaluation import Evaluation
from pipeline.report.lineage import Place
from pipeline.report.serving import Served
from pipeline.report.sources import Absent
from pipeline.report.training import Training
from pipeline.report.wrong import Row
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
    data: Data | Absent
    training: Training | Absent
    evaluation: Evaluation | Absent
    wrong: list[Row] | Absent  # the rows that the model is most wrong about
    served: Served
    places: list[Place]


@dataclasses.dataclass(frozen=True)
class TwoRuns:
    """What differs between two runs, the older one first."""

    old: Facts
    new: Facts  # its data is compared with that of the old one
    differences: Comparison


def of_run(run: Past, against: Past | None = None) -> Facts:
    """The facts of a run, its data compared with that of another; None: with that before it."""
    spec, told = _spec(run), shown(run)
    verdict = evaluation.verdict_of(run)
    rules = () if isinstance(verdict, Absent) else verdict.rules
    return Facts(
        shown=told,
        spec=json.dumps(run.spec, indent=1, ensure_ascii=False) if run.spec else "",
        fingerprints=_fingerprints(run),
        verdict=verdict,
        data=data.of_run(run, spec, against),
        training=training.of_run(run),
        evaluation=evaluation.of_run(run, spec, rules),
        wrong=wrong.of_run(run),
        served=serving.of_run(run),
        places=lineage.places(run, told.nodes),
    )


def of_two(old: Past, new: Past) -> TwoRuns:
    """The facts of two runs, and what differs."""
    return TwoRuns(of_run(old), of_run(new, old), comparison(old, new))


def _spec(run: Past) -> Spec | None:
    """The spec, if this version of Headrace can read it."""
    try:
        return Spec.model_validate_json(run.request.spec) if run.request else None
    except (pydantic.ValidationError, RecursionError):
        return None


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
        "code": _digest(json.dumps(code)) if code else "",
        "spec": _digest(run.request.spec) if run.request else "",
        "libraries": ", ".join(named),
    }
    return {name: text for name, text in found.items() if text}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
