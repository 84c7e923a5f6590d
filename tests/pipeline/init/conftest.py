"""Small tables, as columns or as files, and what `headrace init` makes of them."""

import csv
import dataclasses
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline import spec as spec_of
from pipeline.init.column import Column
from pipeline.init.command import init
from pipeline.init.draft import Wishes
from pipeline.spec import Spec


@pytest.fixture
def column() -> Callable[..., Column]:
    """A column of values; None is missing."""

    def column(values: Sequence[Any], name: str = "x") -> Column:
        texts = [None if value is None else str(value) for value in values]
        encoded = pa.array(texts, pa.string()).dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return Column(name, codes.astype(np.int32), encoded.dictionary)

    return column


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Callable[..., pathlib.Path]:
    """A CSV file of columns, in the test's own folder."""

    def write(
        columns: Mapping[str, Sequence[Any]], name: str = "table.csv", delimiter: str = ","
    ) -> pathlib.Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as opened:
            lines = csv.writer(opened, delimiter=delimiter)
            lines.writerow(columns)
            lines.writerows(zip(*columns.values(), strict=True))
        return path

    return write


@dataclasses.dataclass(frozen=True)
class Made:
    """What was written."""

    folder: pathlib.Path
    spec: Spec
    text: str
    schema: Any  # schema_pb2.Schema

    def expects(self, name: str) -> Any:
        """The schema's entry for a column."""
        return next(feature for feature in self.schema.feature if feature.name == name)

    def line(self, start: str) -> str:
        """The first line that starts like this."""
        return next(line for line in self.text.splitlines() if line.strip().startswith(start))


@pytest.fixture
def make() -> Callable[..., Made]:
    """Runs `headrace init` on data."""
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    def make(
        data: pathlib.Path | str, label: str, output: pathlib.Path | None = None, **wishes: Any
    ) -> Made:
        _, folder = init(str(data), output, Wishes(label=label, **wishes))
        path = folder / "spec.toml"
        schema = text_format.Parse(
            (folder / "schema.pbtxt").read_text("utf-8"), schema_pb2.Schema()
        )
        return Made(folder, spec_of.load(path), path.read_text("utf-8"), schema)

    return make
