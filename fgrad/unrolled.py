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
        writer = _Writer()
        sources = writer.sources(structure)
        if sources is not None:
            functions = [compile_function(source, writer.names) for source in sources]
            _UNROLLED[structure.kind] = _Unrolled(structure, writer.size, *functions)


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
    """Writes both functions: the parts of a tree are numbered, a container before what is in it.

    >>> structure = container.take({"w": [1.0, 2.0], "b": 3.0, "tag": "linear"}, [])
    >>> for source in _Writer().sources(structure) or ():
    ...     print(source)
    def take(part_0):
        if type(part_0) is not kind_0 or not (len(part_0) == 3 and all(map(is_, part_0, keys_0))):
            return None
        (part_1, part_2, part_3,) = tuple(part_0.values())
        if type(part_1) is not kind_1 or not (len(part_1) == 2):
            return None
        if part_3 is not static_3:
            return None
        leaves = [*tuple(part_1), part_2]
        for leaf in leaves:
            if leaf.__class__ is not float and not isinstance(leaf, Operand):
                return None
        return leaves if len(leaves) == 3 else None
    <BLANKLINE>
    def put(leaves):
        part_3 = static_3
        part_2 = leaves[2]
        part_1 = close_1(keys_1, leaves[0:2])
        part_0 = close_0(keys_0, (part_1, part_2, part_3,))
        return part_0
    <BLANKLINE>
    """

    def __init__(self) -> None:
        self.size = 0
        self.names: dict[str, object] = {**SCOPE, "Operand": Operand}
        self._count = 1
        self._reading: list[str] = []
        self._found: list[str] = []
        self._making: list[str] = []

    def _write(self, i: int, part: Structure) -> Sequence[tuple[int, Structure]]:
        """Part i, the next from the left; what is in it is still to be written."""
        if isinstance(part, Branch):
            return self._branch(i, part)
        if part is LEAF:
            self._found.append(f"part_{i}")
            self._making.append(f"    part_{i} = leaves[{self.size}]\n")
            self.size += 1
        else:
            self.names[f"static_{i}"] = part.content
            self._reading.append(_CHECK.format(unlike=f"part_{i} is not static_{i}"))
            self._making.append(f"    part_{i} = static_{i}\n")
        return ()

    def _branch(self, i: int, branch: Branch) -> Sequence[tuple[int, Structure]]:
        kind, keys, size, children = branch
        items = self._opened(i, kind, keys, size)
        if children is None:
            self._found.append(f"*{items}")
            start, self.size = self.size, self.size + size
            made = f"leaves[{start}:{self.size}]"
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
        self.names |= {f"kind_{i}": kind, f"keys_{i}": keys, f"close_{i}": role.close}
        unlike = f"type(part_{i}) is not kind_{i}"
        if role.likeness:
            unlike += f" or not ({role.likeness.format(f'part_{i}', size, f'keys_{i}')})"
        self._reading.append(_CHECK.format(unlike=unlike))
        return role.reading.format(f"part_{i}")

    def sources(self, structure: Branch) -> tuple[str, str] | None:
        """What takes, and what puts and so makes what is in a container first; None if too long."""
        pending: list[tuple[int, Structure]] = [(0, structure)]
        while pending:
            pending += reversed(self._write(*pending.pop()))
            if self._count > _LARGEST:
                return None
        reading, found = "".join(self._reading), ", ".join(self._found)
        take = _TAKE.format(reading=reading, found=found, size=self.size)
        return take, _PUT.format(making="".join(reversed(self._making)))
