"""What may be given when a run starts on Kubeflow, and what it changes."""

import dataclasses

from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.graph import BASELINE, WARM_START

_ENDS = ("start", "end")
_PUSHED = "push_destination.filesystem.base_directory"


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A runtime parameter; its default changes nothing."""

    name: str
    default: str | int
    help: str
    overlays: dict[str, tuple[str, ...]]  # by node: what it replaces (node.Node)

    @property
    def kind(self) -> pb.ParameterType.ParameterTypeEnum:
        """As Kubeflow calls the type."""
        whole = isinstance(self.default, int)
        return pb.ParameterType.NUMBER_INTEGER if whole else pb.ParameterType.STRING


PARAMETERS = (
    Parameter(
        "data",
        "",
        "Folder that the source's file names start from, as the pods see it; empty: as compiled",
        {"TableExampleGen": ("input_base",)},
    ),
    Parameter(
        "span",
        "",
        "Number of the span to read, where the source names {SPAN}; empty: the newest",
        {"TableExampleGen": tuple(f"range_config.static_range.{end}_span_number" for end in _ENDS)},
    ),
    Parameter(
        "steps",
        0,
        "Optimizer steps of the training; 0: as the spec says",
        {"Trainer": ("train_args.num_steps",)},
    ),
    Parameter(
        "push",
        "",
        "Folder or object store that versions are pushed to; empty: as compiled",
        {"Pusher": (_PUSHED,), BASELINE: ("destination",), WARM_START: ("destination",)},
    ),
)
