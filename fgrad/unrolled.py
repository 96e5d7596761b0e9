"""Trees of one structure over and over: taken and put by code that is written for it.

The parameters of a model are such a tree: many small containers, the same at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from fgrad import container
from fgrad.container import LEAF, ROLES, SCOPE, Branch, Container, Leaf, Structure
from fgrad.primitive import Operand
from fgrad.source import compile_function

__all__ = ["put", "take"]


class _Unrolled(NamedTuple):
    """The code for the trees of one structure.

    take: the leaves of a tree, or None if it is of another structure or holds what is no leaf.
    put: the tree of as many leaves as `size`.
    """

    structure: Branch
    size: int
    take: Callable[[object], list[Leaf] | None]
    put: Callable[[tuple[object, ...]], object]


_OFTEN: Final = 64
_LARGEST: Final = 10_000
"""Of more parts, code takes seconds to compile, and hundreds of megabytes."""
_UNROLLED: Final[dict[type, _Unrolled]] = {}
_COUNTS: Final[dict[type, int]] = {}


def take(tree: object) -> tuple[list[Leaf], Structure]:
    """The leaves of `tree` and its structure."""
    known = _UNROLLED.get(type(tree))
    if known is not None:
        found = known.take(tree)
        if found is not None:
            return found, known.structure
    leaves: list[Leaf] = []
    structure = container.take(tree, leaves)
    if isinstance(structure, Branch) and structure.children:
        _count(structure)
    return leaves, structure


def put(structure: Structure, leaves: Iterator[object]) -> object:
    """The tree of this structure, with the next of `leaves` in it."""
    if isinstance(structure, Branch):
        known = _UNROLLED.get(structure.kind)
        if known is not None and known.structure is structure:
            return known.put(tuple(islice(leaves, known.size)))
    return container.put(structure, leaves)


def _count(structure: Branch) -> None:
    """Write code for the 64th tree of a class that has none that fits, the 128th, the 256th, ….

    Writing takes about as long as taking as many, and is in vain where no two are alike.
    """
    count = _COUNTS[structure.kind] = _COUNTS.get(structure.kind, 0) + 1
    if count >= _OFTEN and count & (count - 1) == 0:
        unrolled = _Writer().unrolled(structure)
        if unrolled is not None:
            _UNROLLED[structure.kind] = unrolled


_TAKE: Final = """\
def take(part_0):
{reading}\
    leaves = [{found}]
    for leaf in leaves:
        if leaf.__class__ is not float and not isinstance(leaf, Operand):
            return None
    return leaves if len(leaves) == {size} else None
"""
_CHECK: Final = """\
    if {unlike}:
        return None
"""
_PUT: Final = """\
def put(leaves):
{making}\
    return part_0
"""


class _Writer:
    """Writes both functions: the parts of a tree are numbered, a container before what is in it."""

    def __init__(self) -> None:
        self._size = 0
        self._count = 1
        self._names: dict[str, object] = {**SCOPE, "Operand": Operand}
        self._reading: list[str] = []
        self._found: list[str] = []
        self._making: list[str] = []

    def _write(self, i: int, part: Structure) -> Sequence[tuple[int, Structure]]:
        """Part i, the next from the left; what is in it is still to be written."""
        if isinstance(part, Branch):
            return self._branch(i, part)
        if part is LEAF:
            self._found.append(f"part_{i}")
            self._making.append(f"    part_{i} = leaves[{self._size}]\n")
            self._size += 1
        else:
            self._names[f"static_{i}"] = part.content
            self._reading.append(_CHECK.format(unlike=f"part_{i} is not static_{i}"))
            self._making.append(f"    part_{i} = static_{i}\n")
        return ()

    def _branch(self, i: int, branch: Branch) -> Sequence[tuple[int, Structure]]:
        kind, keys, size, children = branch
        items = self._opened(i, kind, keys, size)
        if children is None:
            self._found.append(f"*{items}")
            start, self._size = self._size, self._size + size
            made = f"leaves[{start}:{self._size}]"
        else:
            start, self._count = self._count, self._count + size
            made = f"({', '.join([f'part_{j}' for j in range(start, self._count)])},)"
            self._reading.append(f"    {made} = {items}\n")
        closed = made if kind is tuple else f"close_{i}(keys_{i}, {made})"
        self._making.append(f"    part_{i} = {closed}\n")
        return list(enumerate(children or (), start))

    def _opened(self, i: int, kind: type, keys: tuple[Hashable, ...], size: int) -> str:
        """The items of part i, after a check that it is of this class, with these keys."""
        role: Container = ROLES[kind]  # type: ignore[assignment]  # it was taken apart
        self._names |= {f"kind_{i}": kind, f"keys_{i}": keys, f"close_{i}": role.close}
        unlike = f"type(part_{i}) is not kind_{i}"
        if role.likeness:
            unlike += f" or not ({role.likeness.format(f'part_{i}', size, f'keys_{i}')})"
        self._reading.append(_CHECK.format(unlike=unlike))
        return role.reading.format(f"part_{i}")

    def unrolled(self, structure: Branch) -> _Unrolled | None:
        """Both functions; what is in a container is made before it."""
        pending: list[tuple[int, Structure]] = [(0, structure)]
        while pending:
            pending += reversed(self._write(*pending.pop()))
            if self._count > _LARGEST:
                return None
        take = _TAKE.format(
            reading="".join(self._reading), found=", ".join(self._found), size=self._size
        )
        put = _PUT.format(making="".join(reversed(self._making)))
        functions = [compile_function(source, self._names) for source in (take, put)]
        return _Unrolled(structure, self._size, *functions)
