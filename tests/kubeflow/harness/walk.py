"""A run: tasks in their order, as pods, with retries and exit tasks.

As backend/src/v2/compiler/argocompiler/dag.go builds Argo's workflow: a task starts when all that
it depends on has succeeded; after a failure nothing more is started in that pipeline, which is
Argo's failFast; an exit task is the hook of the task before it, however that ended.
"""

import datetime
import pathlib
import tempfile
import uuid
from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from tests.kubeflow.harness import driver, metadata, placeholders, spec, values
from tests.kubeflow.harness.cluster import Cluster, Refused, TaskError
from tests.kubeflow.harness.driver import Dag, Execution
from tests.kubeflow.harness.launcher import Launch
from tests.kubeflow.harness.platform_spec import Platform, check_resources, platform
from tests.kubeflow.harness.result import Run, State, Task
from tests.kubeflow.harness.store import Store

_EXIT = pb.PipelineTaskSpec.TriggerPolicy.ALL_UPSTREAM_TASKS_COMPLETED


def run(pipeline: pathlib.Path, parameters: Mapping[str, Any], cluster: Cluster) -> Run:
    """Runs a compiled pipeline to its end.

    Args:
        pipeline: what kfp's compiler wrote: a pipeline spec, perhaps with a platform spec.
        parameters: values of the pipeline's inputs; the others have defaults.
        cluster: where it runs.

    Returns:
        What became of every task. A failed run is returned too; `Run.check` raises for it.

    Raises:
        Refused: when the server would not take the pipeline or the parameters.
        Trap: when Kubeflow would lose something in silence, or wait for ever.
    """
    compiled = spec.read(pipeline)
    walk = _Walk(compiled, cluster)
    root = Dag("", compiled.pipeline.root, spec.parameters(compiled, parameters), {})
    try:
        _check_arguments(root.component, struct_pb2.Struct(fields=root.parameters))
    except TaskError as problem:
        raise Refused(f"the driver of the whole pipeline cannot start: {problem}") from problem
    walk.plan(root.path, root.component.dag)
    walk.dag(root, retries=0)
    return Run(id=walk.facts.run_id, tasks=walk.tasks)


class _Walk:
    """One run of a pipeline."""

    def __init__(self, compiled: spec.Spec, cluster: Cluster) -> None:
        self._spec = compiled
        self._cluster = cluster
        self._store = Store(cluster.bucket, cluster.root)
        run_id = str(uuid.uuid4())
        time = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.facts = driver.Facts(run_id, f"{compiled.name}-{run_id[:5]}", time)
        self.tasks: dict[str, Task] = {}

    def plan(self, path: str, dag: Any) -> None:
        """A record for every task, also for those that are never started."""
        for name, task in dag.tasks.items():
            self.tasks[path + name] = Task(
                name=path + name, asks_for_cache=task.caching_options.enable_cache
            )
            component = self._spec.component(task)
            if component.HasField("dag"):
                self.plan(f"{path}{name}/", component.dag)

    def dag(self, dag: Dag, retries: int) -> bool:
        """Whether all tasks of a pipeline succeeded. They go in waves, as in a cluster."""
        tasks = dag.component.dag.tasks
        ordinary = {name for name, task in tasks.items() if task.trigger_policy.strategy != _EXIT}
        done: set[str] = set()
        succeeded = True
        while succeeded and done != ordinary:
            wave = sorted(
                name for name in ordinary - done if done.issuperset(spec.dependencies(tasks[name]))
            )
            if not wave:
                raise Refused(f"tasks {sorted(ordinary - done)} wait for each other.")
            for name in wave:
                succeeded &= self._task_and_exit(dag, name, retries)
            done.update(wave)
        return succeeded

    def _task_and_exit(self, dag: Dag, name: str, retries: int) -> bool:
        succeeded = self._task(dag, name, retries)
        # An exit task hangs on a task that was started; a driver that fails starts none.
        if name in dag.executions:
            for other, task in sorted(dag.component.dag.tasks.items()):
                if task.trigger_policy.strategy == _EXIT and name in task.dependent_tasks:
                    succeeded &= self._task(dag, other, retries)
        return succeeded

    def _task(self, dag: Dag, name: str, retries: int) -> bool:
        """Whether the task succeeded; its record says what happened.

        Args:
            dag: the pipeline it belongs to.
            name: its key there.
            retries: of that pipeline, for tasks with no policy of their own (visitor.go).
        """
        task = dag.component.dag.tasks[name]
        component = self._spec.component(task)
        record = self.tasks[dag.path + name]
        if task.HasField("retry_policy"):
            retries = task.retry_policy.max_retry_count
        try:
            if component.HasField("dag"):
                succeeded = self._inner(dag, name, component, retries)
            elif self._spec.executors[component.executor_label].HasField("importer"):
                succeeded = self._importer(dag, name, component)
            else:
                succeeded = self._container(dag, name, component, retries)
        except TaskError as problem:
            record.error = str(problem)
            succeeded = False
        record.state = State.COMPLETE if succeeded else State.FAILED
        self._cluster.told(record)
        if name in dag.executions:
            dag.executions[name].state = record.state
        return succeeded

    def _inner(self, dag: Dag, name: str, component: Any, retries: int) -> bool:
        inputs = driver.resolve(dag, name, component, self.facts)
        _check_arguments(component, dag.component.dag.tasks[name])
        inner = Dag(
            f"{dag.path}{name}/",
            component,
            dict(inputs.parameter_values),
            dict(inputs.artifacts),
        )
        dag.executions[name] = Execution(State.NOT_STARTED, dag=inner)
        record = self.tasks[dag.path + name]
        record.executor_input = {"inputs": values.python(inputs)}
        succeeded = self.dag(inner, retries)
        if not succeeded:
            record.error = "a task in it failed."
        return succeeded

    def _importer(self, dag: Dag, name: str, component: Any) -> bool:
        """importer_launcher.go: the URI comes from a constant, or from an input of the pipeline."""
        importer = self._spec.executors[component.executor_label].importer
        uri = importer.artifact_uri.constant.string_value
        if importer.artifact_uri.WhichOneof("value") == "runtime_parameter":
            inputs = dag.component.dag.tasks[name].inputs.parameters
            wanted = inputs[importer.artifact_uri.runtime_parameter].component_input_parameter
            if wanted not in dag.parameters:
                raise TaskError(f"parent DAG does not have input parameter {wanted!r}.")
            uri = dag.parameters[wanted].string_value
        if not uri:
            raise TaskError("empty artifact URI.")
        outputs = list(component.output_definitions.artifacts)
        if len(outputs) != 1:
            raise TaskError(f"an importer has one output artifact, {name!r} has {outputs}.")
        artifact = metadata.imported(importer, uri)
        dag.executions[name] = Execution(State.COMPLETE, artifacts={outputs[0]: artifact})
        self.tasks[dag.path + name].artifacts[outputs[0]] = metadata.told(artifact, None, ())
        return True

    def _container(self, dag: Dag, name: str, component: Any, retries: int) -> bool:
        """The driver once, then the launcher as often as the policy says. Backoff is not waited.

        Argo retries the pod alone: all attempts have the same output URIs.
        """
        with tempfile.TemporaryDirectory(prefix="secrets-") as folder:
            launch = self._launch(dag, name, component, pathlib.Path(folder, "volumes"))
            execution = dag.executions[name] = Execution(State.FAILED)
            for left in reversed(range(retries + 1)):
                try:
                    execution.outputs, execution.artifacts = launch.attempt()
                    break
                except TaskError:
                    if not left:
                        raise
        record = self.tasks[dag.path + name]
        record.parameters = {key: values.python(each) for key, each in execution.outputs.items()}
        return True

    def _launch(self, dag: Dag, name: str, component: Any, folder: pathlib.Path) -> Launch:
        """What the driver makes of a container task. Raises TaskError where the driver fails."""
        task = dag.component.dag.tasks[name]
        record = self.tasks[dag.path + name]
        root = f"{self._store.root}/{self._spec.name}/{self.facts.run_id}"
        given = pb.ExecutorInput(
            inputs=driver.resolve(dag, name, component, self.facts),
            outputs=driver.provision(root, task, component),
        )
        record.executor_input = values.python(given)
        container = self._spec.executors[component.executor_label].container
        record.image = _channel(container.image, given)
        check_resources(container.resources, lambda text: _channel(text, given))
        _check_arguments(given, component, container, task)
        return Launch(
            cluster=self._cluster,
            store=self._store,
            container=container,
            component=component,
            given=given,
            platform=self._platform(dag, name, component.executor_label, folder),
            record=record,
        )

    def _platform(self, dag: Dag, name: str, label: str, folder: pathlib.Path) -> Platform:
        if label not in self._spec.platform:
            return Platform()

        def resolved(parameter: Any) -> str | None:
            value = driver.parameter(dag, name, parameter, self.facts)
            if value.WhichOneof("kind") == "null_value":
                return None
            if not value.string_value:
                raise TaskError(f"resolving {parameter}: expected a non-empty string.")
            return str(value.string_value)

        return platform(self._spec.platform[label], self._cluster, resolved, folder)


def _check_arguments(*messages: Any) -> None:
    """The driver and the launcher are programs too, and get each of these as one argument.

    dagDriverTask in dag.go, containerDriverTask in container.go, initPodSpecPatch in driver.go.
    """
    placeholders.check_lengths([values.compact(values.python(each)) for each in messages])


def _channel(text: str, given: Any) -> str:
    """An image or a quantity, which may name an input (resolvePodSpecInputRuntimeParameter)."""
    for name, value in given.inputs.parameter_values.items():
        if f"$.inputs.parameters['{name}']" in text:
            return str(value.string_value)
    if "$.inputs.parameters[" in text:
        raise TaskError(f"executorInput did not contain the input parameter of {text!r}.")
    return text
