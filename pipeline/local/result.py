"""What a run ends with, and what it says on its way there."""

import math
from typing import Annotated, Any, Literal

import pydantic

from components.evaluator.verdict import Judged
from pipeline.failure import ExitCode

# partial: some stages were asked for, and ended well, but no model was judged.
Verdict = Literal["blessed", "not_blessed", "partial", "failed"]
State = Literal["waiting", "running", "done", "failed", "skipped"]


class Node(pydantic.BaseModel):
    """A stage of the DAG, as it stands."""

    name: str
    state: State = "waiting"
    started: float | None = None  # seconds after the run; None: it did not begin
    seconds: float = 0.0
    cached: bool = False  # done without running: an earlier run's outputs serve
    why: list[str] = []  # it ran, or did not have to: a sentence each
    peak_mb: float | None = None  # memory of its processes together (PSS), the most seen
    memory_mb: float | None = pydantic.Field(None, exclude=True)  # now
    log: str | None = None  # file within the folder of the run
    summary: str = pydantic.Field("", exclude=True)  # what came out, or how far it is, for people


class Result(pydantic.BaseModel):
    """The one JSON object of `headrace run --json`; `result.json` in the folder of the run."""

    run: str | None  # None: refused before it began
    pipeline: str | None  # None: the spec could not be read
    verdict: Verdict
    reason: str
    metrics: dict[str, float] = {}  # on the eval split, all rows; NaN is null in JSON
    rules: list[Judged] = []  # how each stands, on each of its slices
    pushed: str | None = None  # folder of the version
    seconds: float
    nodes: list[Node]

    @pydantic.field_validator("metrics", mode="before")
    @classmethod
    def _null_is_nan(cls, metrics: Any) -> Any:
        """What is read again from JSON is what was written."""
        if not isinstance(metrics, dict):
            return metrics
        return {name: math.nan if value is None else value for name, value in metrics.items()}


class Request(pydantic.BaseModel):
    """What the worker is asked to do; `request.json` in the folder of the run."""

    spec: str  # the whole spec as JSON
    spec_file: str
    overrides: list[str] = []  # `key.path=value`, already laid over the spec
    runs: str
    serving: str
    run_id: str
    resumes: str | None = None  # the run that was cut short and is gone on with
    first: str | None = None  # the node that runs, with all that follows; None: what the cache says
    last: str | None = None  # the node that ends the run; None: all run
    uncached: list[str] = []  # nodes that run whatever the cache says; `*`: all


class Planned(pydantic.BaseModel):
    """The nodes, in an order in which they could run."""

    event: Literal["planned"] = "planned"
    nodes: list[str]


class Started(pydantic.BaseModel):
    """A node begins, or begins again."""

    event: Literal["started"] = "started"
    node: str
    why: list[str] = []  # it has to run
    log: str | None = None


class Progress(pydantic.BaseModel):
    """How far a node is."""

    event: Literal["progress"] = "progress"
    node: str
    text: str
    fraction: float | None = None  # of its work that is done, where that is known


class Memory(pydantic.BaseModel):
    """What a node's processes take now, together (PSS)."""

    event: Literal["memory"] = "memory"
    node: str
    mb: float


class Finished(pydantic.BaseModel):
    """A node has ended well."""

    # A metric may be NaN, and has to arrive as it is: JSON's null is no number.
    model_config = pydantic.ConfigDict(ser_json_inf_nan="constants")

    event: Literal["finished"] = "finished"
    node: str
    summary: str
    cached: bool = False
    why: list[str] = []  # the cache served it
    seconds: float | None = None  # it took; None: since it was started
    metrics: dict[str, float] = {}  # Evaluator's
    rules: list[Judged] = []  # Evaluator's: how each stands
    # a sentence each, of Evaluator, ServingValidator and Converter; with any, the run has failed
    # its gate
    broken_rules: list[str] = []
    sentence: str = ""  # Evaluator's verdict
    pushed: str | None = None  # Pusher's


class Failed(pydantic.BaseModel):
    """A node has failed, or the run as a whole."""

    event: Literal["failed"] = "failed"
    node: str | None = None  # None: the run, before or between its nodes
    exit_code: ExitCode
    problems: list[str]


Event = Annotated[
    Planned | Started | Progress | Memory | Finished | Failed,
    pydantic.Field(discriminator="event"),
]
EVENTS: pydantic.TypeAdapter[Event] = pydantic.TypeAdapter(Event)
