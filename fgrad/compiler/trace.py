"""A run of a function on nodes: what it compared and computed, in order, and what it returned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from fgrad.compiler.selection import NEVER_RAISE, Selecting, chooses
from fgrad.graph import Node, ancestors, fresh, plain
from fgrad.number import as_float
from fgrad.tree import flatten
from fgrad.watch import watch

if TYPE_CHECKING:
    from fgrad.container import Leaf, Structure

__all__ = ["Compared", "Contradiction", "Event", "Run", "Untraceable", "taken_apart", "trace"]


class Untraceable(Exception):  # noqa: N818 - a signal, no error
    """A run that no program can repeat: the function itself has to be asked each time."""


class Contradiction(Exception):  # noqa: N818 - a signal, no error
    """Two runs on the same numbers did not do the same."""


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

    A node whose index is below `first` was there before. `branching` says whether its sweeps took
    branches.
    """

    first: int
    leaves: Sequence[Node]
    events: Sequence[Event]
    roots: Sequence[Node | float]
    structure: Structure
    branching: bool

    def check(self, numbers: Sequence[float], structure: Structure) -> None:
        """Contradiction where a run on plain numbers gave other numbers than this one."""
        if structure != self.structure:
            raise Untraceable  # a function, say, that each run makes anew
        if any(_differ(x, plain(root)) for x, root in zip(numbers, self.roots, strict=True)):
            raise Contradiction


def _differ(x: float, y: float) -> bool:
    return x.hex() != y.hex() and (x == x or y == y)  # noqa: PLR0124 - nan


class _Recorder:
    """What a run tells of itself, in order."""

    def __init__(self, selecting: Selecting | None) -> None:
        self.events: list[Event] = []
        self.selecting = selecting
        self.leaves: frozenset[int] = frozenset()
        self.repeatable, self.refused = True, False

    def sweeps(self, nodes: Iterable[Node]) -> Selecting | None:
        return self.selecting if any(chooses(node.primitive) for node in nodes) else None

    def compared(self, relation: str, left: Node, right: object, outcome: bool) -> None:
        if isinstance(right, Node):
            self.events.append(Compared(relation, left, right, outcome))
        elif isinstance(right, _NEVER_EQUAL):
            return
        elif type(right) is float or _is_exact(right):
            self.events.append(Compared(relation, left, float(right), bool(outcome)))  # type: ignore[arg-type]  # it is a number
        else:
            self.repeatable = False

    def elsewhere(self, node: Node) -> None:
        if self.leaves and any(
            x.index in self.leaves for x in ancestors(node, first=min(self.leaves))
        ):
            self.repeatable = False

    def applied(self, node: Node) -> None:
        if node.primitive not in NEVER_RAISE:
            self.events.append(node)

    def raised(self) -> None:
        self.repeatable = False

    def leaked(self) -> None:
        self.repeatable, self.refused = False, True


_NEVER_EQUAL: Final = (str, bytes, tuple, list, dict, type(None))
"""What equals no number, whatever the number is."""


def _is_exact(number: object) -> bool:
    """Whether `number` has a float that compares as it does."""
    try:
        plain = None if isinstance(number, Node) else as_float(number)
    except (OverflowError, ValueError):
        return False
    return plain is not None and plain == number


Arguments: TypeAlias = "tuple[Sequence[object], Mapping[str, object]]"


def trace(
    f: Callable[..., object],
    numbers: Sequence[float],
    arguments: Callable[[Sequence[object]], Arguments],
    *,
    branching: bool = False,
) -> Run:
    """The run of `f` on `arguments` of fresh leaves for `numbers`.

    branching: whether sweeps take branches. They do in any case where they cannot do without.

    Untraceable where a row raised or a number was about to leave the graph, whatever the function
    made of that, and where what it returned is no tree of numbers. A TypeError, which names the
    place, where a node will not do for the float that it stands for.
    """
    selecting = None if branching else Selecting()
    try:
        run = _traced(f, numbers, arguments, _Recorder(selecting))
    except (TypeError, AttributeError, Untraceable):
        if selecting is None or not selecting.failed:
            raise
    else:
        if selecting is None or not selecting.failed:
            return run
    return trace(f, numbers, arguments, branching=True)


def _traced(
    f: Callable[..., object],
    numbers: Sequence[float],
    arguments: Callable[[Sequence[object]], Arguments],
    recorder: _Recorder,
) -> Run:
    start, *leaves = fresh([0.0, *numbers])
    recorder.leaves = frozenset([leaf.index for leaf in leaves])
    args, kwargs = arguments(leaves)
    try:
        with watch(recorder):
            answer = f(*args, **kwargs)
    except (TypeError, AttributeError) as error:
        if recorder.refused:
            raise
        raise _explained(error) from error
    except Exception:  # noqa: BLE001 - which plain numbers do not raise, as the caller has seen
        raise Untraceable from None
    roots, structure = _flattened(answer)
    numeric = [root for root in roots if isinstance(root, (Node, float))]
    if not recorder.repeatable or len(numeric) < len(roots):
        raise Untraceable
    branching = recorder.selecting is None
    return Run(start.index, leaves, recorder.events, numeric, structure, branching)


def taken_apart(answer: object) -> tuple[list[float], Structure]:
    """The floats in what a function returned, and its structure; Untraceable if there are others.

    A node among them belongs to a differentiation around this call.
    """
    if str(getattr(answer, "dtype", "float64")) != "float64":
        raise Untraceable  # an array of numbers that are no floats
    leaves, structure = _flattened(answer)
    floats = [x for x in leaves if isinstance(x, float)]
    if len(floats) < len(leaves):
        raise Untraceable
    return floats, structure


def _flattened(answer: object) -> tuple[list[Leaf], Structure]:
    try:
        leaves, structure = flatten(answer)
        hash(structure)
    except (TypeError, RecursionError):
        raise Untraceable from None
    return leaves, structure


def _explained(error: Exception) -> TypeError:
    """An error that nodes raise and floats do not, with the place where it was."""
    frames, step = [], error.__traceback__
    while step is not None:
        frames.append(f"{step.tb_frame.f_code.co_filename}, line {step.tb_lineno}")
        step = step.tb_next
    return TypeError(
        f"{frames[-1]}: {error}: jit runs a function on nodes, which stand for its floats (write "
        "it with operators and the functions of fgrad, or do this outside the compiled function)"
    )
