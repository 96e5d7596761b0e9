"""Who watches: a trace is told of all that a function does that depends on its numbers.

A branch depends on a comparison. Whether an error is raised depends on the operations that may
raise, whether or not their answers are used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

if TYPE_CHECKING:
    from types import FrameType

    from fgrad.graph import Node, Scalar

__all__ = [
    "WATCHED",
    "NoFloatError",
    "Sweeps",
    "Watch",
    "refuse_floats",
    "refuse_to_leak",
    "watch",
    "watching",
]


class Sweeps(Protocol):
    """Loops that sweeps run in the place of their own."""

    def down(  # noqa: PLR0913, PLR0917 - all that the loops of sweeps are given
        self,
        steps: Iterable[tuple[Scalar | None, Node | None]],
        cotangents: list[Scalar | None] | dict[int, Scalar | None],
        nodes: list[Node | None] | dict[int, Node | None],
        top: int,
        first: int,
        end: int,
    ) -> None:
        """The loop of a reverse sweep, as `reverse` has it."""

    def up(self, nodes: Iterable[Node], tangents: dict[int, Scalar], first: int) -> None:
        """The loop of a forward sweep, as `forward` has it."""


class Watch(Protocol):
    """What is told."""

    def sweeps(self, nodes: Iterable[Node]) -> Sweeps | None:
        """What is to sweep over these nodes; None for the loops that sweeps have themselves."""

    def compared(self, relation: str, left: Node, right: object, outcome: bool) -> None:
        """A node was compared, and the answer was `outcome`."""

    def applied(self, node: Node) -> None:
        """A row that may raise gave `node`."""

    def raised(self) -> None:
        """A row raised."""

    def leaked(self) -> None:
        """A number was about to leave the graph, and was refused."""

    def elsewhere(self, node: Node) -> None:
        """A node was compared or read where nobody watches: in another thread or context."""


_WATCH: Final[ContextVar[Watch | None]] = ContextVar("WATCH", default=None)
WATCHED: Final[list[Watch]] = []
"""Whoever watches in any thread: nearly always nobody, which is quicker to ask than the context."""


def watching() -> Watch | None:
    """Who watches here. A context belongs to one thread and one task: each hears of its own."""
    by = _WATCH.get() if WATCHED else None
    return by if by in WATCHED else None


@contextmanager
def watch(by: Watch) -> Iterator[None]:
    """Tell `by` of what nodes do until the end of the block."""
    before = _WATCH.get()
    try:  # within, so that an interrupt at any time leaves nothing behind
        _WATCH.set(by)
        WATCHED.append(by)
        yield
    finally:
        if by in WATCHED:
            WATCHED.remove(by)
        _WATCH.set(before)


class NoFloatError(TypeError, AttributeError):
    """Raised on the way to `__float__`: `hasattr` says no, `float` and `math.sin` say why."""


def refuse_to_leak(
    what: str,
    remedy: str = "write constant(x) to hold it fixed",
    error: type[TypeError] = TypeError,
) -> None:
    """A TypeError while a trace is under way: what it compiles would be right at one point only."""
    by = watching()
    if by is not None:
        by.leaked()
        message = (
            f"{_caller()}: {what} of a number that jit is tracing: the compiled function would "
            f"have the number of this call in it for ever ({remedy}, or do this outside the "
            "compiled function)"
        )
        raise error(message)


def _caller() -> str:
    """Where the user's own code stands: the innermost frame outside this package."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - inspect, which wraps it, is heavy
    while frame is not None and frame.f_globals.get("__name__", "").startswith("fgrad."):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}" if frame else "somewhere"


class _Refusal:
    """What stands in the place of all that a float has and a Node or Value has not: `__float__`.

    It says what to write instead; if it is `traced`, a trace hears of it, whatever a function makes
    of the error.
    """

    def __init__(self, name: str, remedy: str, message: str, *, traced: bool) -> None:
        self.name = name
        self.remedy = remedy
        self.message = message
        self.traced = traced

    def __get__(self, instance: object, owner: object) -> NoReturn:
        if self.traced and instance is not None:
            refuse_to_leak(f"{self.name.strip('_')}(x)", self.remedy, NoFloatError)
        raise NoFloatError(self.message)


def refuse_floats(
    kind: type, why: str, number: str, *, sin: str = "fgrad.sin(x)", traced: bool = False
) -> None:
    """Have a `kind` say, wherever a float is needed, why it is none, and what to write."""
    remedy = f"write {sin} instead of math.sin(x), and so for every function"
    message = f"a {kind.__name__} is no float, {why}: {remedy}, or {number} for the plain number"
    for name in {*dir(float), "__complex__"} - {*dir(kind)}:
        setattr(kind, name, _Refusal(name, remedy, message, traced=traced))
