"""A run of a function on nodes: what it compared and computed, in order, and what it returned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from fgrad.calculus import NEVER_RAISE
from fgrad.graph import Node, fresh
from fgrad.primitive import to_float
from fgrad.tree import Structure, flatten
from fgrad.watch import watch

__all__ = ["Compared", "Event", "Run", "Untraceable", "trace"]


class Untraceable(Exception):  # noqa: N818 - a signal, no error
    """A run that no program can repeat: the function itself has to be asked each time."""


class Compared(NamedTuple):
    """A comparison of a node, and how it went."""

    relation: str
    left: Node
    right: Node | float
    outcome: bool


Event: TypeAlias = Compared | Node
"""What a function did that may do otherwise at other numbers: a branch, or what may raise."""


class Run(NamedTuple):
    """One run: the leaves that it began with, what it did, and the numbers in what it returned.

    A node whose index is below `first` was there before.
    """

    first: int
    leaves: Sequence[Node]
    events: Sequence[Event]
    roots: Sequence[Node | float]
    structure: Structure


class _Recorder:
    """What a run tells of itself, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.repeatable = True

    def compared(self, relation: str, left: Node, right: object, outcome: bool) -> None:
        other = right if isinstance(right, Node) else to_float(right, "a comparison")
        self.events.append(Compared(relation, left, other, outcome))

    def applied(self, node: Node) -> None:
        if node.primitive not in NEVER_RAISE:
            self.events.append(node)

    def raised(self) -> None:
        self.repeatable = False

    leaked = raised


Arguments: TypeAlias = "tuple[Sequence[object], Mapping[str, object]]"


def trace(
    f: Callable[..., object],
    numbers: Sequence[float],
    arguments: Callable[[Sequence[object]], Arguments],
) -> Run:
    """The run of `f` on `arguments` of fresh leaves for `numbers`.

    Untraceable where a row raised or a number was about to leave the graph, whatever the function
    made of that, and where what it returned is no tree of numbers.
    """
    start, *leaves = fresh([0.0, *numbers])
    recorder = _Recorder()
    args, kwargs = arguments(leaves)
    with watch(recorder):
        answer = f(*args, **kwargs)
    try:
        roots, structure = flatten(answer)
        hash(structure)
    except TypeError:
        raise Untraceable from None
    numeric = [root for root in roots if isinstance(root, (Node, float))]
    if not recorder.repeatable or len(numeric) < len(roots):
        raise Untraceable
    return Run(start.index, leaves, recorder.events, numeric, structure)
