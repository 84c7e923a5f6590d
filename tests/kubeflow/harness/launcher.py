"""The launcher: artifacts come down, the container's program runs, its outputs go up.

As backend/src/v2/component/launcher_v2.go has it, and the pod around it as
backend/src/v2/compiler/argocompiler/{container,common}.go and security_context.go have it; the
read-only root is stricter than they are by default.
"""

import dataclasses
import os
import pathlib
import tempfile
import uuid
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from tests.kubeflow.harness import metadata, placeholders, values
from tests.kubeflow.harness.cluster import Cluster, TaskError, Trap
from tests.kubeflow.harness.driver import LOGS, OUTPUT_FILE
from tests.kubeflow.harness.mounts import Mount
from tests.kubeflow.harness.platform_spec import Platform
from tests.kubeflow.harness.pod import Pod
from tests.kubeflow.harness.result import Attempt, Task
from tests.kubeflow.harness.spec import Parameters
from tests.kubeflow.harness.store import STAGING, Store, local_path

# emptyDirs of the compiled workflow, the last three for programs whose HOME is "/"; and /tmp,
# which a read-only root needs.
_SCRATCH = (*(f"/{name}" for name in STAGING.values()), "/tmp", "/.local", "/.cache", "/.config")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Launch:
    """A container that is to run, perhaps more than once."""

    cluster: Cluster
    store: Store
    container: Any  # PipelineContainerSpec
    component: Any  # ComponentSpec
    given: Any  # ExecutorInput
    platform: Platform
    record: Task

    def attempt(self) -> tuple[Parameters, dict[str, Any]]:
        """Output parameters and artifacts (RuntimeArtifact) of one more pod.

        Raises:
            TaskError: when the program or the launcher fails.
            Trap: when an output would be lost in silence.
        """
        with tempfile.TemporaryDirectory(prefix="pod-") as folder:
            work = pathlib.Path(folder)
            files = _Files(work / "files")
            self._download(files)
            known = set(files.staged())
            attempt = self._pod(files).run(_made(work / "pod"))
            self.record.attempts.append(attempt)
            self.record.stray = tuple(sorted(set(files.staged()) - known - self._claimed(files)))
            _raise_for(attempt)
            files.write(_path(self.given.outputs.artifacts[LOGS].artifacts[0].uri), attempt.log)
            output = _executor_output(files)
            self.record.executor_output = values.python(output)
            parameters = self._parameters(output, files)
            return parameters, self._upload(output, files)

    def _pod(self, files: "_Files") -> Pod:
        name = f"{self.record.name.replace('/', '-')}-{uuid.uuid4().hex[:5]}"[-63:].lstrip("-")
        environment = self._environment(name)
        given = placeholders.with_defaults(self.given, self.component)
        mounts = [Mount(path, files.at(path)) for path in _SCRATCH]
        if environment["HOME"] not in ("/", *_SCRATCH):
            mounts.append(Mount(environment["HOME"]))
        # The launcher is in the same container: what it reads is there, whatever is mounted.
        asked = [mount for mount in self.platform.mounts if mount.target not in _SCRATCH]
        limit = min(self.cluster.limit, self.platform.deadline or self.cluster.limit)
        return Pod(
            name=name,
            command=placeholders.command(self.container, given, environment),
            environment=environment,
            image=self.cluster.image,
            mounts=[*mounts, *asked],
            user=self._chosen(self.platform.user, self.cluster.user),
            group=self._chosen(self.platform.group, self.cluster.group),
            limit=limit,
            networked=self.record.name.rpartition("/")[2] in self.cluster.networked,
        )

    @staticmethod
    def _chosen(asked: int | None, default: int) -> int:
        return default if asked is None else asked

    def _environment(self, name: str) -> dict[str, str]:
        """What the image sets, what every pod of Kubeflow has, and what the pipeline asks for."""
        found = {
            "HOME": "/",  # of a user without a name
            **self.cluster.image.environment,
            "HOSTNAME": name,
            "KUBERNETES_SERVICE_HOST": "10.96.0.1",
            "KUBERNETES_SERVICE_PORT": "443",
            "METADATA_GRPC_SERVICE_HOST": "metadata-grpc-service",
            "METADATA_GRPC_SERVICE_PORT": "8080",
            "KFP_POD_NAME": name,
            "KFP_POD_UID": str(uuid.uuid4()),
            **self.cluster.environment,
        }
        for variable in self.container.env:
            found[variable.name] = placeholders.expanded(variable.value, found)
        return {**found, **self.platform.environment}

    def _download(self, files: "_Files") -> None:
        """Only the first artifact of a list, as there; and folders for the outputs."""
        for name, listed in self.given.inputs.artifacts.items():
            for artifact in listed.artifacts[:1]:
                if (path := local_path(artifact.uri)) is None:
                    raise Trap(f"input {name!r} is not downloaded: {artifact.uri!r} has no path.")
                self.store.download(artifact.uri, files.at(path))
        for listed in self.given.outputs.artifacts.values():
            files.at(_path(listed.artifacts[0].uri)).parent.mkdir(parents=True, exist_ok=True)
        for output in self.given.outputs.parameters.values():
            files.at(output.output_file).parent.mkdir(parents=True, exist_ok=True)
        files.give_to(
            self._chosen(self.platform.user, self.cluster.user),
            self._chosen(self.platform.group, self.cluster.group),
        )

    def _parameters(self, output: Any, files: "_Files") -> Parameters:
        """collectOutputParameters: the output file goes before the files of single parameters."""
        found = dict(output.parameter_values)
        for name, spec in self.given.outputs.parameters.items():
            if name in found:
                continue
            kind = self.component.output_definitions.parameters[name].parameter_type
            try:
                found[name] = values.parsed(files.at(spec.output_file).read_text("utf-8"), kind)
            except (OSError, ValueError) as problem:
                raise TaskError(f"failed to read output parameter {name!r}: {problem}") from problem
        return found

    def _upload(self, output: Any, files: "_Files") -> dict[str, Any]:
        """uploadOutputArtifacts, but what the launcher only warns of is a Trap."""
        found = {}
        for name, listed in self.given.outputs.artifacts.items():
            artifact = pb.RuntimeArtifact()
            artifact.CopyFrom(listed.artifacts[0])
            if name in output.artifacts and output.artifacts[name].artifacts:
                metadata.merge(output.artifacts[name].artifacts[0], artifact)
            path = local_path(artifact.uri)
            if path is None:
                raise self._lost(name, f"{artifact.uri!r} has no path in a pod")
            self.store.target(artifact.uri)
            if not files.at(path).exists():
                raise self._lost(name, f"there is no {path}")
            keys = self.store.upload(files.at(path), artifact.uri)
            kept = metadata.recorded(name, artifact)
            self.record.artifacts[name] = metadata.told(kept, self.store.path(kept.uri), keys)
            found[name] = kept
        return found

    def _lost(self, name: str, why: str) -> Trap:
        return Trap(
            f"output artifact {name!r} of {self.record.name!r} is not uploaded: {why}. The "
            "launcher only warns, and whoever reads it gets nothing. The task wrote at last:\n"
            f"{self.record.last_lines}"
        )

    def _claimed(self, files: "_Files") -> set[str]:
        """Files that the launcher uploads."""
        return {
            file
            for listed in self.given.outputs.artifacts.values()
            for file in files.staged(_path(listed.artifacts[0].uri))
        }


class _Files:
    """The folders of a pod that are writable, as they lie on this machine."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        for path in _SCRATCH:
            _made(self.at(path)).chmod(0o1777 if path == "/tmp" else 0o777)

    def at(self, path: str) -> pathlib.Path:
        return self._folder / path.lstrip("/")

    def write(self, path: str, text: str) -> None:
        self.at(path).write_text(text, "utf-8")

    def staged(self, path: str = "/") -> list[str]:
        """Files by their path in a pod: one, those in a folder, or all where artifacts are kept."""
        paths = [f"/{name}" for name in STAGING.values()] if path == "/" else [path]
        return [
            f"/{file.relative_to(self._folder)}"
            for folder in map(self.at, paths)
            for file in ([folder] if folder.is_file() else folder.rglob("*"))
            if not file.is_dir()
        ]

    def give_to(self, user: int, group: int) -> None:
        """The launcher runs as the container's user, so what it makes is that user's."""
        for path in self._folder.rglob("*"):
            if f"/{path.relative_to(self._folder)}" not in _SCRATCH:
                os.chown(path, user, group)


def _path(uri: str) -> str:
    path = local_path(uri)
    if path is None:
        raise TaskError(f"failed to generate local storage path for {uri!r}.")
    return path


def _made(folder: pathlib.Path) -> pathlib.Path:
    folder.mkdir(parents=True)
    return folder


def _raise_for(attempt: Attempt) -> None:
    if attempt.exit_code is None:
        raise TaskError(f"DeadlineExceeded: the pod was ended after {attempt.seconds:.1f} s.")
    if attempt.exit_code != 0:
        raise TaskError(f"failed to execute component: exit status {attempt.exit_code}")


def _executor_output(files: _Files) -> Any:
    """getExecutorOutputFile: no file is an empty output, an unknown field is an error."""
    output = pb.ExecutorOutput()
    file = files.at(OUTPUT_FILE)
    if file.exists():
        try:
            json_format.Parse(file.read_text("utf-8"), output)
        except (json_format.ParseError, UnicodeDecodeError) as problem:
            raise TaskError(f"failed to unmarshall ExecutorOutput: {problem}") from problem
    return output
