"""What a release's pickle becomes: plain records that stand for modules and tensors."""

from dataclasses import dataclass, field
from typing import Any

from nets.errors import ReleaseError

SIZES = {"float32": 4, "int64": 8}
"""Bytes of a number, by the kinds that there are."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name on the list of `nets.release.names`; nothing was imported by it."""

    full: str


@dataclass(slots=True, eq=False)
class Layer:
    """What stands for a `torch.nn.Module` and everything in it.

    Attributes:
        kind: full name of its class.
        attributes: its `__dict__`, as the file has it.
    """

    kind: str
    attributes: dict[str, Any] = field(default_factory=dict)

    def group(self, name: str) -> dict[str, Any]:
        """Its `_modules`, `_parameters` or `_buffers`, by their names.

        Raises:
            ReleaseError: it has none, as no such layer.
        """
        values = self.attributes.get(name)
        if not isinstance(values, dict):
            raise ReleaseError(f"a {self.kind} in it has no {name}: damaged")
        return values


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers that lie elsewhere in the file.

    Attributes:
        key: which ones.
        dtype: `float32` or `int64`.
        count: how many.
    """

    key: str
    dtype: str
    count: int

    @property
    def size_bytes(self) -> int:
        """What its numbers take."""
        return self.count * SIZES[self.dtype]


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor whose numbers, all of a storage in order, have not been read."""

    storage: Storage
    shape: tuple[int, ...]
