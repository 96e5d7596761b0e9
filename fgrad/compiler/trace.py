"""A run of a function on nodes: what it compared and computed, in order, and what it returned."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from fgrad.compiler.selection import NEVER_RAISE, Selecting, chooses
from fgrad.container import ROLES, Container
from fgrad.graph import Node, ancestors, fresh, plain
from fgrad.number import as_float
from fgrad.tree import flatten
from fgrad.watch import is_library, own_place, watch

if TYPE_CHECKING:
    from types import FrameType

    from fgrad.container import Leaf, Structure

__all__ = [
    "Compared",
    "Contradiction",
    "Run",
    "Untraceable",
    "taken_apart",
    "trace",
]


class Untraceable(Exception):  # noqa: N818 - a signal, no error
    """A run that no program can repeat, and why: the function itself has to be asked each time."""


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
        """Untraceable where a run on plain numbers gave another structure than this one.

        Contradiction where it gave other numbers in the same.
        """
        if structure != self.structure:
            raise Untraceable("it returned other things from the same numbers: a new function?")
        if any(_differ(x, plain(root)) for x, root in zip(numbers, self.roots, strict=True)):
            raise Contradiction("it gave different results from the same numbers")


def _differ(x: float, y: float) -> bool:
    return x.hex() != y.hex() and (x == x or y == y)  # noqa: PLR0124 - nan


class _Recorder:
    """What a run tells of itself, in order."""

    def __init__(self, selecting: Selecting | None) -> None:
        self.events: list[Event] = []
        self.selecting = selecting
        self.leaves: frozenset[int] = frozenset()
        self.obstacle = ""
        """Why no program can repeat the run."""
        self.refusal: TypeError | None = None
        self.due: TypeError | None = None
        """A refusal that could not be raised where it was found."""

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
            self.obstacle = f"it compares a number with a thing of {type(right).__name__}"

    def elsewhere(self, node: Node) -> None:
        if self.leaves and any(
            x.index in self.leaves for x in ancestors(node, first=min(self.leaves))
        ):
            self.obstacle = "it compares or reads numbers in another thread or context"

    def applied(self, node: Node) -> None:
        if node.primitive not in NEVER_RAISE:
            self.events.append(node)

    def raised(self) -> None:
        self.obstacle = "an error is raised in it, and caught"

    def leaked(self, refusal: TypeError, *, raised: bool) -> None:
        self.obstacle, self.refusal = f"it catches an error: {refusal}", refusal
        self.due = self.due if raised else refusal


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

    Untraceable where a row raised or a number was about to leave the graph and the function caught
    that, where it wrote into its arguments, and where what it returned is no tree of numbers. A
    TypeError, which names the place, where a node will not do for the float that it stands for.
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
    held = [*map(_held, args), *map(_held, kwargs.values())]
    answer = _watched(f, args, kwargs, recorder)
    if held != [*map(_held, args), *map(_held, kwargs.values())]:
        raise Untraceable("it writes into its arguments")
    roots, structure = _flattened(answer)
    numeric = [root for root in roots if isinstance(root, (Node, float))]
    if recorder.obstacle or len(numeric) < len(roots):
        raise Untraceable(recorder.obstacle or "it returned a number that is no float")
    branching = recorder.selecting is None
    return Run(start.index, leaves, recorder.events, numeric, structure, branching)


def _watched(
    f: Callable[..., object],
    args: Sequence[object],
    kwargs: Mapping[str, object],
    recorder: _Recorder,
) -> object:
    """What `f` returns while `recorder` watches."""
    try:
        with watch(recorder):
            answer = f(*args, **kwargs)
    except Exception as error:
        if recorder.refusal is error:
            raise
        if recorder.refusal is not None:
            raise recorder.refusal from error
        what = f"it raises {type(error).__name__} where its numbers are nodes"
        if not isinstance(error, (TypeError, AttributeError)):
            raise Untraceable(what) from None
        if _states_an_error(error):
            raise Untraceable(f"{what}: {error}") from None
        raise _explained(error) from error
    if recorder.due is not None:
        raise recorder.due
    return answer


def _held(argument: object) -> object:
    """What a tree holds: its structure, its leaves by their identity, and its records' extras."""
    try:
        leaves, structure = flatten(argument)
        extras = [*_extras(argument)]
    except Exception:  # noqa: BLE001 - whatever looking at it raises, it is no tree
        return None
    return structure, [x.hex() if isinstance(x, float) else id(x) for x in leaves], extras


def _extras(tree: object) -> Iterator[str]:
    """The attributes of the records in a tree, but what these remember of themselves."""
    pending = [tree]
    for thing in pending:
        kind = type(thing)
        role = ROLES[kind]
        if isinstance(role, Container):
            pending += role.items(thing)
            names = vars(thing) if hasattr(thing, "__dict__") else ()
            yield from [x for x in names if not isinstance(vars(kind).get(x), cached_property)]


def taken_apart(answer: object) -> tuple[list[float], Structure]:
    """The floats in what a function returned, and its structure; Untraceable if there are others.

    A node among them belongs to a differentiation around this call.
    """
    if str(getattr(answer, "dtype", "float64")) != "float64":
        raise Untraceable("it returned an array of numbers that are no floats")
    leaves, structure = _flattened(answer)
    floats = [x for x in leaves if isinstance(x, float)]
    if len(floats) < len(leaves):
        raise Untraceable("it returned a number of a differentiation around it")
    return floats, structure


def _flattened(answer: object) -> tuple[list[Leaf], Structure]:
    try:
        leaves, structure = flatten(answer, "answer")
        hash(structure)
    except (TypeError, RecursionError) as error:
        raise Untraceable(str(error)) from None
    return leaves, structure


def _states_an_error(error: Exception) -> bool:
    """Whether a `raise` of the user's own raised it: no node failed, the function refused one."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is None or own_place([(step.tb_frame, step.tb_lineno)]) == "":
        return False
    code = step.tb_frame.f_code
    raises = dis.opname[code.co_code[step.tb_lasti]] == "RAISE_VARARGS"
    return raises and not is_library(code.co_filename)


def _explained(error: Exception) -> TypeError:
    """An error that nodes raise and floats do not, with the place where it was."""
    frames: list[tuple[FrameType, int]] = []
    step = error.__traceback__
    while step is not None:
        frames.append((step.tb_frame, step.tb_lineno))
        step = step.tb_next
    place = own_place(frames[::-1]) or "in it"
    return TypeError(
        f"{place}: {error}: jit runs a function on nodes, which stand for its floats (write it "
        "with operators and the functions of fgrad, or do this outside the compiled function)"
    )
