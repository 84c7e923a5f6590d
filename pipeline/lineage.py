"""Read-only questions to ML Metadata: the one place that asks them."""

from typing import Any

from tfx.orchestration import metadata
from tfx.orchestration.portable.mlmd import execution_lib


def output_artifacts(connection: Any, execution_id: int) -> dict[str, list[Any]]:
    """By output key, the artifacts that an execution published, with their properties.

    Args:
        connection: TFX's database connection config.
        execution_id: of an execution that has ended well.
    """
    with metadata.Metadata(connection) as handle:
        found = execution_lib.get_output_artifacts(handle, execution_id)
    return {key: list(artifacts) for key, artifacts in found.items()}
