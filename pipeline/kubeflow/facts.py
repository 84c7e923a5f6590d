"""The facts of a run, as the last of its pods finds them."""

import datetime
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from components.evaluator.verdict import Verdict
from pipeline.history.past import Standing
from pipeline.history.showing import Shown
from pipeline.kubeflow import uris
from pipeline.kubeflow.packing import unpacked
from pipeline.report.facts import evaluation, serving
from pipeline.report.facts.serving import Served
from pipeline.report.facts.sources import Absent, Output
from pipeline.report.gathering import Facts, Run, digest, gathered

_ELSEWHERE = Absent(
    "Kubeflow's own page of the run shows its steps, when each ran and what it took from which"
)
_ALONE = Absent("a step on Kubeflow does not see the data and records of earlier runs")


def input_of(output: Output) -> str:
    """The input of the pod that has an output of another."""
    return output.name.lower()


def facts_of(executor_input: str, image: str) -> Facts:
    """The facts of a run that has come to its last pod.

    Args:
        executor_input: KFP's ExecutorInput, as JSON. Its artifacts are outputs by their `input_of`;
            its parameters the id of the `run`, its `spec`, and what was given when it was started.
        image: of its pods.
    """
    given = json.loads(executor_input)["inputs"]
    artifacts = {key: each["artifacts"][0] for key, each in given.get("artifacts", {}).items()}
    parameters = dict(given["parameterValues"])
    run, spec = parameters.pop("run"), unpacked(parameters.pop("spec"))

    def outputs(output: Output) -> pathlib.Path | Absent:
        found = artifacts.get(input_of(output))
        return pathlib.Path(uris.local(found["uri"])) if found else output.without_node

    verdict, served = evaluation.verdict_of(outputs), serving.of_run(outputs)
    pushed = artifacts.get(input_of(Output.PUSHED), {}).get("metadata", {})
    where = pushed.get("pushed_destination")
    standing, reason = _standing(verdict, served, bool(where))
    return gathered(
        Run(
            shown=Shown(
                run=run,
                folder="",
                when=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                pipeline=json.loads(spec)["name"],
                verdict=standing,
                reason=reason,
                metrics={},
                rules=[],
                pushed=where,
                seconds=None,
                spec_file="as it was compiled",
                overrides=_told(parameters),
                asked=[],
                resumes=None,
                nodes=[],
            ),
            spec=spec,
            fingerprints={"spec": digest(spec), "image": image},
            outputs=outputs,
            verdict=verdict,
            since=_ALONE,
            earlier=_ALONE,
            places=_ELSEWHERE,
        )
    )


def _standing(verdict: Verdict | Absent, served: Served, is_pushed: bool) -> tuple[Standing, str]:
    """How a run ended whose every step ended well, and why, as `headrace run` has it."""
    broken = []
    if isinstance(verdict, Verdict) and not verdict.blessed:
        broken.append(verdict.sentence)
    if not isinstance(served.check, Absent):
        broken += served.check.reasons
    if not isinstance(served.formats, Absent):
        broken += (each.says for each in served.formats.formats if not each.holds)
    if broken:
        return "not_blessed", "; ".join(broken)
    if isinstance(verdict, Absent):  # pushed is what is blessed
        return ("blessed" if is_pushed else "not_blessed"), verdict.why
    return "blessed", verdict.sentence


def _told(parameters: Mapping[str, Any]) -> list[str]:
    """What was given when the run was started; what is empty or 0 changes nothing."""
    return [f"{name}={_whole(value)}" for name, value in sorted(parameters.items()) if value]


def _whole(value: Any) -> Any:
    """In a pod every number is a float."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
