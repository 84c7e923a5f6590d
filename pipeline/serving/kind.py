"""What a signature takes: the tensors of a model, told without TensorFlow."""

import dataclasses
from collections.abc import Mapping

Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Kind:
    """The type of one tensor.

    Attributes:
        dtype: as TensorFlow names it: `float32`, `int64`, `string`, ...
        shape: a length a dimension, None where any length goes; None: of any rank.
    """

    dtype: str
    shape: tuple[int | None, ...] | None

    def takes(self, shape: Shape) -> bool:
        """Whether a tensor of that shape can be given."""
        if self.shape is None:
            return True
        return len(shape) == len(self.shape) and all(
            wanted in (None, length) for wanted, length in zip(self.shape, shape, strict=True)
        )

    def __str__(self) -> str:
        """`float32 (batch, 1)`."""
        if self.shape is None:
            return f"{self.dtype} of any shape"
        names = ["batch", *["any"] * len(self.shape)]
        lengths = [
            name if length is None else str(length)
            for name, length in zip(names, self.shape, strict=False)
        ]
        return f"{self.dtype} ({', '.join(lengths)}{',' if len(lengths) == 1 else ''})"


Inputs = Mapping[str, Kind]  # of a signature, by name
