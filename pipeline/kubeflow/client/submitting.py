"""A pipeline on the server, and a run of it.

A run refers to an uploaded version, rather than carrying the pipeline with it: Kubeflow's pages
then show what ran under the pipeline's name, two runs of one text share a version, and a schedule
can be told from what it was made of. A version is named by the hash of its text, so nothing is
uploaded twice.
"""

import dataclasses
import json
import pathlib
import tempfile
from collections.abc import Callable
from typing import Any

import kfp_server_api as api

from pipeline.kubeflow.client.package import Package, Values
from pipeline.kubeflow.client.refusals import ServerError
from pipeline.kubeflow.client.server import Server

_CONFLICT = 409  # somebody else was faster


@dataclasses.dataclass(frozen=True)
class Version:
    """An uploaded pipeline."""

    pipeline_id: str
    version_id: str
    name: str
    fresh: bool  # uploaded just now


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A run, or each run of a schedule."""

    name: str  # of the run or the schedule
    experiment_id: str
    values: Values  # runtime parameters


def upload(server: Server, package: Package) -> Version:
    """The version of a package; it is uploaded unless it is there.

    Raises:
        ServerError: if the server refuses it.
    """
    pipeline, _ = _found_or_made(
        lambda: _pipeline(server, package.name), lambda: _make_pipeline(server, package.name)
    )
    version, fresh = _found_or_made(
        lambda: _version(server, pipeline.pipeline_id, package.version),
        lambda: _upload_version(server, pipeline.pipeline_id, package),
    )
    return Version(pipeline.pipeline_id, version.pipeline_version_id, package.version, fresh)


def experiment(server: Server, name: str) -> str:
    """The id of an experiment; it is made unless it is there."""
    found = server.ask(server.client.create_experiment, name=name, namespace=server.namespace)
    return str(found.experiment_id)


def start(server: Server, package: Package, version: Version, wanted: Wanted) -> str:
    """The id of a run that has been started."""
    run = server.ask(
        server.client.run_pipeline,
        experiment_id=wanted.experiment_id,
        job_name=wanted.name,
        params=wanted.values,
        pipeline_id=version.pipeline_id,
        version_id=version.version_id,
        pipeline_root=package.root,
        service_account=package.service_account,
    )
    return str(run.run_id)


def by_name(name: str) -> str:
    """A filter of the server's lists."""
    named = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [named]})


def _found_or_made(find: Callable[[], Any], make: Callable[[], Any]) -> tuple[Any, bool]:
    """What is there, or is made, and whether it was made; also when two make it at a time."""
    found = find()
    if found is not None:
        return found, False
    try:
        return make(), True
    except ServerError as error:
        found = find() if error.status == _CONFLICT else None
        if found is None:
            raise
        return found, False


def _pipeline(server: Server, name: str) -> Any:
    listed = server.ask(
        server.client.list_pipelines, filter=by_name(name), namespace=server.namespace
    )
    return next(iter(listed.pipelines or ()), None)


def _make_pipeline(server: Server, name: str) -> Any:
    """Without a version: upload_pipeline would name the first one like the pipeline."""
    pipeline = api.V2beta1Pipeline(name=name, display_name=name, namespace=server.namespace)
    return server.ask(server.client.pipelines.pipeline_service_create_pipeline, pipeline=pipeline)


def _version(server: Server, pipeline_id: str, name: str) -> Any:
    listed = server.ask(
        server.client.list_pipeline_versions, pipeline_id=pipeline_id, filter=by_name(name)
    )
    return next(iter(listed.pipeline_versions or ()), None)


def _upload_version(server: Server, pipeline_id: str, package: Package) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "pipeline.yaml"
        file.write_text(package.text, encoding="utf-8")
        return server.ask(
            server.client.upload_pipeline_version,
            pipeline_package_path=str(file),
            pipeline_version_name=package.version,
            pipeline_id=pipeline_id,
        )
