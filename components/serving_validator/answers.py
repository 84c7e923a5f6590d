"""What a model answered, and what it took: as the probe writes it."""

import dataclasses
import json
import pathlib

import numpy as np
import pydantic

from components.serving_validator import probe


class Tensor(pydantic.BaseModel):
    """An input or output, as a signature declares it."""

    dtype: str
    shape: tuple[int | None, ...] | None  # None: of any rank

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.dtype} of any shape"
        sizes = ["any" if size is None else str(size) for size in self.shape]
        return f"{self.dtype} ({', '.join(sizes)})"


class Signature(pydantic.BaseModel):
    """What a signature declares, by name."""

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


class Calls(pydantic.BaseModel):
    """What calls of a signature took."""

    first_seconds: float
    single_ms: tuple[float, ...]  # with a row each, after the first
    rows: int  # of a batch
    batch_ms: float | None = None

    def percentile(self, share: float) -> float:
        """Of the calls with a single row, in milliseconds."""
        return float(np.percentile(self.single_ms, share))


class Failure(pydantic.BaseModel):
    """What could not be done."""

    where: str  # `model`, a signature, or `trainer`
    step: str  # what was under way
    message: str  # the type of the error, and what it says


class Search(pydantic.BaseModel):
    """Which rows that the Trainer kept came out of the served transform graph again."""

    kept: int
    found: tuple[int, ...]  # places of the kept rows, in the order of their scores
    searched: int  # raw rows
    exhausted: bool  # whether these were all there are


class Told(pydantic.BaseModel):
    """All but the tensors."""

    tensorflow: str
    load_seconds: float | None = None
    signatures: dict[str, Signature] = {}
    calls: dict[str, Calls] = {}
    memory_mb: float | None = None  # when all was asked
    peak_memory_mb: float | None = None
    search: Search | None = None
    failures: tuple[Failure, ...] = ()


@dataclasses.dataclass(frozen=True)
class Answers:
    """What a model answered."""

    told: Told
    # By signature and how it was asked (`single`, `batch`, `missing`), outputs by name. `trainer`
    # is asked the rows that were found, in their order.
    tensors: dict[tuple[str, str], dict[str, np.ndarray]]

    @property
    def startup_seconds(self) -> float | None:
        """To load the model and to be answered for the first time."""
        first = self.told.calls.get("serving_default")
        if first is None or self.told.load_seconds is None:
            return None
        return self.told.load_seconds + first.first_seconds


def read(folder: pathlib.Path) -> Answers:
    """The answers in a folder."""
    values = json.loads((folder / probe.ANSWERS).read_text(encoding="utf-8"))
    tensors: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    with np.load(folder / probe.TENSORS, allow_pickle=False) as arrays:
        for place, (signature, how, name) in enumerate(values.pop("tensors")):
            tensors.setdefault((signature, how), {})[name] = arrays[f"t{place}"]
    return Answers(Told.model_validate(values), tensors)
