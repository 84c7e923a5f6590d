"""The one place that knows Beam's runners and their flags."""

import re
from typing import Literal, Self

import pydantic

from modules.errors import SpecError, did_you_mean
from modules.spec.part import Part

_ENDPOINT = r"^[^\s:/]+:\d{1,5}$"  # host:port
Option = str | int | float | bool | tuple[str, ...]

# By runner, the keys that only it takes, and whether it needs them.
_KEYS = {
    "direct": {"processes": False},
    "flink": {"job_endpoint": True, "worker_pool": False},
    "spark": {"job_endpoint": True, "worker_pool": False},
    "dataflow": {"project": True, "region": True, "temp_location": True},
}


class Beam(Part):
    """The `[beam]` table: where the data is processed.

    Flink and Spark are spoken to through the job server that Beam ships for each.
    """

    runner: Literal["direct", "flink", "spark", "dataflow"] = "direct"
    processes: int = pydantic.Field(1, ge=1)  # when more than 1 pay: docs/decisions/beam.md
    job_endpoint: str | None = pydantic.Field(None, pattern=_ENDPOINT)  # of Beam's job server
    # Of SDK workers that run already, as the engine's own workers see it; None: Docker starts them.
    worker_pool: str | None = pydantic.Field(None, pattern=_ENDPOINT)
    project: str | None = None  # of Google Cloud
    region: str | None = None
    temp_location: str | None = pydantic.Field(None, pattern=r"^gs://")
    options: dict[str, Option] = pydantic.Field(default_factory=dict)  # further flags of Beam's

    @property
    def is_elsewhere(self) -> bool:
        """Whether other machines than the stage's own read and write its files."""
        return self.runner != "direct"

    @pydantic.model_validator(mode="after")
    def _keys_are_of_the_runner(self) -> Self:
        mine = _KEYS[self.runner]
        missing = [key for key, needed in mine.items() if needed and getattr(self, key) is None]
        others = {key for keys in _KEYS.values() for key in keys} - set(mine)
        defaults = {key: type(self).model_fields[key].default for key in others}
        foreign = sorted(key for key in others if getattr(self, key) != defaults[key])
        problems = [f"the runner {self.runner!r} needs {key}. Give it" for key in missing]
        problems += [f"{key} is not of the runner {self.runner!r}. Leave it out" for key in foreign]
        problems += [
            f"options.{name}: the spec sets it itself. Leave it out"
            for name in sorted({"runner", "sdk_container_image", *_flags(self)} & set(self.options))
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


def beam_args(beam: Beam, image: str | None = None) -> list[str]:
    """Flags for every Beam stage: this machine, in this process, unless the spec says more.

    The in-process runner is named in full: `DirectRunner` first tries to download Prism
    (Beam 2.77, `SwitchingDirectRunner`). Of the flags that keep TFX from building an sdist of
    itself for each stage, `sdk_container_image` is the one that changes nothing where no container
    is started.

    Args:
        beam: the table.
        image: that engines start workers of; it has this package in it.

    Raises:
        SpecError: if Beam knows no such option, or an engine is to start workers of no image.
    """
    if beam.is_elsewhere and image is None:
        raise SpecError(
            [
                f"beam.runner: {beam.runner!r} starts workers of an image with this package in it; "
                f"give kubeflow.image"
            ]
        )
    unknown = _unknown(beam.options)
    if unknown:
        raise SpecError(unknown)
    flags = {**_flags(beam), "sdk_container_image": image or "unused", **beam.options}
    return [flag for name, value in flags.items() for flag in _texts(name, value)]


def _flags(beam: Beam) -> dict[str, Option]:
    """What the table's own keys mean to Beam."""
    if beam.runner == "direct":
        flags: dict[str, Option] = {"runner": "FnApiRunner"}
        if beam.processes > 1:
            flags["direct_running_mode"] = "multi_processing"
            flags["direct_num_workers"] = beam.processes
        return flags
    if beam.runner == "dataflow":
        return {
            "runner": "DataflowRunner",
            "project": beam.project or "",
            "region": beam.region or "",
            "temp_location": beam.temp_location or "",
        }
    # FlinkRunner and SparkRunner would download a job server's jar and start Java.
    flags = {"runner": "PortableRunner", "job_endpoint": beam.job_endpoint or ""}
    if beam.worker_pool:
        flags |= {"environment_type": "EXTERNAL", "environment_config": beam.worker_pool}
    return flags


def _texts(name: str, value: Option) -> list[str]:
    """A switch is there or not; a list is the flag several times."""
    if isinstance(value, bool):
        return [f"--{name}"] if value else []
    return [f"--{name}={one}" for one in (value if isinstance(value, tuple) else (value,))]


def _unknown(options: dict[str, Option]) -> list[str]:
    """A sentence for each option that Beam's parser has not."""
    if not options:
        return []
    from apache_beam.options import pipeline_options

    parser = pipeline_options._BeamArgumentParser(add_help=False)
    for group in pipeline_options.PipelineOptions.__subclasses__():
        group._add_argparse_args(parser)
    known = {re.sub("^-+", "", flag) for flag in parser._option_string_actions}
    return [
        f"beam.options.{name}: Beam has no such option{did_you_mean(name, known)}"
        for name in options
        if name not in known
    ]
