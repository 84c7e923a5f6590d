"""The `[push]` table, and what the Pusher is told."""

from typing import Annotated

import pydantic

from components.pusher.store import SCHEMES, is_store
from modules.spec.part import Part

KEEP = 10  # versions

Keep = Annotated[int, pydantic.Field(ge=1)]


class Push(Part):
    """The `[push]` table."""

    to: str | None = None  # beside the spec; None: `serving` in the folder of the runs
    keep: Keep = KEEP  # versions, the newest; and those that a rollback among them goes back to

    @pydantic.field_validator("to")
    @classmethod
    def _is_a_folder(cls, to: str | None) -> str | None:
        if to is not None and is_store(to):
            raise ValueError(
                f"got {to!r}, expected a folder, not {', '.join(SCHEMES)}. `headrace promote --to "
                f"{to}` copies versions there; on a cluster, `kubeflow.serving` names it"
            )
        return to


class Settings(Part):
    """What the Pusher is told beside its inputs; a change of any of it pushes again."""

    pipeline: str
    keep: Keep = KEEP
    spec: str  # SHA-256 of the part of the spec that decides what is pushed
    folder: str = "."  # of the spec
    files: tuple[str, ...] = ()  # of the user's code, as the spec names them
