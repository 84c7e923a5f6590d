"""The report of a run as the last task of its pipeline."""

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.kubeflow.compiling import DAG, component_name, executor_name, retry, task_name
from pipeline.kubeflow.containers import report_container
from pipeline.kubeflow.facts import input_of
from pipeline.kubeflow.packing import packed
from pipeline.kubeflow.settings import Kubeflow
from pipeline.report.facts.sources import Output
from pipeline.spec import Spec

REPORT = "Report"  # the stage
_RUN = "{{$.pipeline_job_uuid}}"  # the driver puts the id of the run in its place (resolve.go)


def add_report(pipeline: pb.PipelineSpec, spec: Spec, settings: Kubeflow) -> None:
    """Adds the task that waits for all others and shows what they made.

    Args:
        pipeline: that was compiled from the spec; changed in place.
        spec: the spec, which the page shows, too.
        settings: of the cluster.
    """
    name, stage = task_name(REPORT), settings.stage(REPORT)
    dag = pipeline.components[component_name(DAG)]
    others = sorted(dag.dag.tasks)
    component, task = pipeline.components[component_name(name)], dag.dag.tasks[name]
    component.executor_label = executor_name(name)
    task.task_info.name = REPORT
    task.component_ref.name = component_name(name)
    task.caching_options.enable_cache = False
    task.dependent_tasks.extend(others)
    retry(task, stage)
    for output in Output:
        _take(pipeline, component, task, output)
    for key, text in {"run": _RUN, "spec": packed(spec.model_dump_json(by_alias=True))}.items():
        component.input_definitions.parameters[key].parameter_type = pb.ParameterType.STRING
        task.inputs.parameters[key].runtime_value.constant.string_value = text
    for key, declared in dag.input_definitions.parameters.items():
        component.input_definitions.parameters[key].parameter_type = declared.parameter_type
        task.inputs.parameters[key].component_input_parameter = key
    page = component.output_definitions.artifacts["report"].artifact_type
    page.schema_title, page.schema_version = "system.HTML", "0.0.1"
    pod = {"container": json_format.MessageToDict(report_container(settings, stage))}
    pipeline.deployment_spec["executors"].update({executor_name(name): pod})


def _take(
    pipeline: pb.PipelineSpec,
    component: pb.ComponentSpec,
    task: pb.PipelineTaskSpec,
    output: Output,
) -> None:
    """Makes an output an input of the report, if the pipeline has a node that gives it."""
    for producer in map(task_name, output.nodes):
        if producer not in task.dependent_tasks:
            continue
        source = task.inputs.artifacts[input_of(output)].task_output_artifact
        source.producer_task, source.output_artifact_key = producer, output.key
        made = pipeline.components[component_name(producer)].output_definitions.artifacts
        wanted = component.input_definitions.artifacts[input_of(output)]
        wanted.artifact_type.CopyFrom(made[output.key].artifact_type)
