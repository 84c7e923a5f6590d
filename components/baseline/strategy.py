"""Which model a candidate is compared with."""

from typing import Any

from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.types import Artifact
from tfx.utils import path_utils

from components.baseline.comparable import refusal
from modules.progress import LOGGER
from modules.spec.learning import Interface

CANDIDATE = "candidate"  # input: the model that is to be compared
SERVABLE = "servable"  # input: every InfraBlessing, of models that can be served and that cannot


class LatestComparableModel(LatestBlessedModelStrategy):
    """The latest blessed model that can be evaluated on the candidate's examples.

    TFX's strategy offers any blessed model; Evaluator then fails on one that expects columns,
    types or a label that the data of today does not have. It offers the candidate itself where the
    cache served it, blessed by the run that trained it. And it offers models that were judged well
    and never pushed, for they could not be served.
    """

    def __init__(self, interface: str) -> None:
        """Takes the interface of the candidate, as JSON."""
        self._candidate = Interface.model_validate_json(interface)

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[Artifact]]
    ) -> dict[str, list[Artifact]] | None:
        """By input, the chosen model and its blessing, or nothing; the candidate as it came."""
        others = dict(input_dict)
        candidate = others.pop(CANDIDATE, [])
        left_out = {artifact.id for artifact in candidate} | _refused(others.pop(SERVABLE, []))
        for key, artifacts in others.items():
            others[key] = [artifact for artifact in artifacts if artifact.id not in left_out]
        found = super().resolve_artifacts(store, others)
        if found is None:
            return None
        unchosen = {CANDIDATE: candidate, SERVABLE: []}
        return {**found, **{key: unchosen[key] for key in unchosen if key in input_dict}}

    def _resolve(
        self,
        input_dict: dict[str, list[Artifact]],
        model_channel_key: str,
        model_blessing_channel_key: str,
    ) -> dict[str, list[Artifact]]:
        keys = (model_channel_key, model_blessing_channel_key)
        refusals = {
            model.id: refusal(path_utils.serving_model_path(model.uri), self._candidate)
            for model in input_dict[model_channel_key]
        }
        comparable = [
            model for model in input_dict[model_channel_key] if refusals[model.id] is None
        ]
        latest = super()._resolve(input_dict, *keys)[model_channel_key]
        for model in latest:
            if refusals[model.id]:
                LOGGER.info(f"model {model.id} was blessed later, but {refusals[model.id]}")
        found: dict[str, list[Artifact]] = super()._resolve(
            {**input_dict, model_channel_key: comparable}, *keys
        )
        return found


def _refused(blessings: list[Artifact]) -> set[int]:
    """Models that were found unfit to serve, and never fit."""
    found: dict[bool, set[int]] = {True: set(), False: set()}
    for blessing in blessings:
        fit = blessing.get_int_custom_property("blessed") == 1
        found[fit].add(blessing.get_int_custom_property("current_model_id"))
    return found[False] - found[True]
