"""What a run ends with, and what it says on its way there."""

from typing import Annotated, Literal

import pydantic

from pipeline.failure import ExitCode

Verdict = Literal["blessed", "not_blessed", "failed"]
State = Literal["waiting", "running", "done", "failed", "skipped"]


class Node(pydantic.BaseModel):
    """A stage of the DAG."""

    name: str
    state: State = "waiting"
    seconds: float = 0.0
    cached: bool = False
    summary: str = pydantic.Field("", exclude=True)  # what came out, for people


class Result(pydantic.BaseModel):
    """The one JSON object of `headrace run --json`."""

    run: str | None  # None: refused before it began
    pipeline: str | None  # None: the spec could not be read
    verdict: Verdict
    reason: str
    metrics: dict[str, float] = {}  # on the eval split, all rows; NaN is null in JSON
    pushed: str | None = None  # folder of the version
    seconds: float
    nodes: list[Node]


class Request(pydantic.BaseModel):
    """What the worker is asked to do."""

    spec: str  # the whole spec as JSON
    spec_folder: str
    runs: str
    serving: str
    run_id: str


class Planned(pydantic.BaseModel):
    """The nodes, in the order they will run."""

    event: Literal["planned"] = "planned"
    nodes: list[str]


class Started(pydantic.BaseModel):
    """A node begins."""

    event: Literal["started"] = "started"
    node: str


class Progress(pydantic.BaseModel):
    """How far the node that runs is."""

    event: Literal["progress"] = "progress"
    text: str


class Finished(pydantic.BaseModel):
    """A node has ended well."""

    # A metric may be NaN, and has to arrive as it is: JSON's null is no number.
    model_config = pydantic.ConfigDict(ser_json_inf_nan="constants")

    event: Literal["finished"] = "finished"
    node: str
    summary: str
    metrics: dict[str, float] = {}  # Evaluator's
    broken_rules: list[str] = []  # Evaluator's: a sentence each
    has_baseline: bool = False  # Baseline's: there is a blessed model to compare with
    pushed: str | None = None  # Pusher's


class Failed(pydantic.BaseModel):
    """The run is over."""

    event: Literal["failed"] = "failed"
    exit_code: ExitCode
    problems: list[str]


Event = Annotated[
    Planned | Started | Progress | Finished | Failed, pydantic.Field(discriminator="event")
]
EVENTS: pydantic.TypeAdapter[Event] = pydantic.TypeAdapter(Event)
