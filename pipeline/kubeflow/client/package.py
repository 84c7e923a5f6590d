"""A compiled pipeline as it is sent, and what a run of it may be given."""

import dataclasses
import functools
import graphlib
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from modules.errors import SpecError, did_you_mean

Values = dict[str, str | int]


@dataclasses.dataclass(frozen=True)
class Package:
    """A pipeline and what the server has to know beside it."""

    text: str  # both documents, as YAML
    service_account: str | None = None

    @property
    def version(self) -> str:
        """The name of this text: the same text has the same."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @functools.cached_property
    def spec(self) -> dict[str, Any]:
        """The pipeline's own document."""
        document: dict[str, Any] = next(iter(yaml.safe_load_all(self.text)))
        return document

    @property
    def name(self) -> str:
        """Of the pipeline."""
        return str(self.spec["pipelineInfo"]["name"])

    @property
    def root(self) -> str | None:
        """Where artifacts go; None: where the cluster puts them.

        Has to be sent with each run: nothing in kubeflow/pipelines 2.16 reads defaultPipelineRoot
        (backend/src/v2/driver, RootDAG: the run's, else that of the cluster).
        """
        return self.spec.get("defaultPipelineRoot")

    def values(self, given: Sequence[str]) -> Values:
        """Runtime parameters, from `name=value` each.

        Raises:
            SpecError: with everything that is wrong.
        """
        declared = self.spec["root"].get("inputDefinitions", {}).get("parameters", {})
        values: Values = {}
        problems = []
        for text in given:
            name, equals, value = text.partition("=")
            if not equals:
                problems.append(f"--param {text}: expected name=value, for example steps=200")
            elif name not in declared:
                known = ", ".join(sorted(declared))
                near = did_you_mean(name, declared) or "."
                problems.append(f"--param {name}: no such parameter{near} Parameters: {known}")
            elif name in values:
                problems.append(f"--param {name}: is given twice")
            elif declared[name]["parameterType"] != "NUMBER_INTEGER":
                values[name] = value
            elif not value.strip().removeprefix("-").isdecimal():
                problems.append(f"--param {name}: got {value!r}, expected a whole number")
            else:
                values[name] = int(value)
        if problems:
            raise SpecError(problems)
        return values


def stages(spec: Mapping[str, Any]) -> dict[str, str]:
    """The tasks of a compiled pipeline in the order they run: task -> the name of its stage."""
    components = spec.get("components", {})
    dag = components.get("comp-pipeline", spec.get("root", {})).get("dag", {})
    tasks = dag.get("tasks", {})
    waits = {name: sorted(task.get("dependentTasks", ())) for name, task in sorted(tasks.items())}
    order = graphlib.TopologicalSorter(waits).static_order()
    return {name: tasks[name].get("taskInfo", {}).get("name", name) for name in order}
