"""What a row of the table says of itself: docstring, signature, the paths of its operands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fgrad.primitive import Primitive

__all__ = ["Docstring", "OperandSignature", "numbered", "operand_paths"]

_SEQUENCES: Final = ("ws", "xs")


class Docstring:
    """The docstring of a kind of row; of one row that of its function, and its convention."""

    def __init__(self, kind: str | None) -> None:
        self._kind = kind

    def __get__(self, row: Primitive | None, owner: object) -> str | None:
        if row is None:
            return self._kind
        convention = row.convention and f"\n\nConvention: {row.convention}."
        return f"{row.value.__doc__ or self._kind}{convention}"


class OperandSignature:
    """The signature of a row: its operands, called as its rules call them, or its sequences.

    `spread` says that it takes the items of its sequence one by one; `more` come last.
    """

    def __init__(self, *more: Parameter, spread: bool = False) -> None:
        self._more = more
        self._kind = Parameter.VAR_POSITIONAL if spread else Parameter.POSITIONAL_ONLY

    def __get__(self, row: Primitive | None, owner: object) -> Signature:
        if row is None:
            raise AttributeError("__signature__")  # that of a class is of its making
        names = _SEQUENCES[-row.blocks :] if row.blocks else _operands(row)
        return Signature([*[Parameter(name, self._kind) for name in names], *self._more])


def _operands(row: Primitive) -> Sequence[str]:
    """What the first rule calls the operands: without the underscores of what it does not read."""
    count = len(row.partials)
    try:
        names = [name.lstrip("_") for name in signature(row.partials[0]).parameters][:count]
    except (IndexError, TypeError, ValueError):  # there is none, or none that says
        names = []
    if len(set(names)) == count and all(map(str.isidentifier, names)):
        return names
    return [f"x_{i}" for i in range(1, count + 1)]


def operand_paths(row: Primitive, operands: Sequence[object]) -> dict[str, object]:
    """The operands of one call by their paths, as the signature has them: x and y, or xs[1]."""
    if not row.blocks:
        return dict(zip(_operands(row), operands, strict=True))
    size = len(operands) // row.blocks
    paths: dict[str, object] = {}
    for i, name in enumerate(_SEQUENCES[-row.blocks :]):
        paths |= numbered(name, operands[i * size : (i + 1) * size])
    return paths


def numbered(name: str, items: Iterable[object]) -> dict[str, object]:
    """The items by their paths: name[0], name[1], and so on."""
    return {f"{name}[{i}]": x for i, x in enumerate(items)}
