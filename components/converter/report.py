"""What is known of converted files: `formats.json` beside them."""

from typing import ClassVar

from components.converter.config import Format
from modules.spec.part import Part


class Latency(Part):
    """Milliseconds of a call."""

    p50_ms: float
    p95_ms: float


class Figures(Part):
    """What one model costs, and how good it is."""

    bytes: int
    metric: float | None  # on the eval split; None: it has no value there
    one_row: Latency
    batch: Latency


class Converted(Part):
    """One format: its file, and how it stands to the SavedModel."""

    format: Format
    holds: bool  # it was made, and its predictions keep within the bound
    says: str  # the same in a sentence
    bound: float
    file: str | None = None  # beside the report; None: it could not be made
    largest_difference: float | None = None  # None: some prediction is no number
    mean_difference: float | None = None
    figures: Figures | None = None


class Report(Part):
    """All formats. Latencies are of the network alone, on transformed columns."""

    FILE: ClassVar[str] = "formats.json"

    rows: int  # of the eval split
    batch_rows: int
    metric: str
    unit: str  # of differences and bounds
    inputs: dict[str, str]  # name within the files, by transformed column
    output: str
    saved_model: Figures
    formats: tuple[Converted, ...]
