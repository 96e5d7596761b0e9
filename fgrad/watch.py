"""Who watches: a trace is told of all that a function does that depends on its numbers.

A branch depends on a comparison. Whether an error is raised depends on the operations that may
raise, whether or not their answers are used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import takewhile
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

if TYPE_CHECKING:
    from types import FrameType

    from fgrad.graph import Node, Scalar

__all__ = [
    "WATCHERS",
    "NoFloatError",
    "Sweeps",
    "Watch",
    "is_library",
    "own_place",
    "refuse_floats",
    "refuse_text",
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

    def leaked(self, refusal: TypeError, *, raised: bool) -> None:
        """A number was about to leave the graph, and was refused; or will be, if not `raised`."""

    def elsewhere(self, node: Node) -> None:
        """A node was compared or read where nobody watches: in another thread or context."""


_WATCH: Final[ContextVar[Watch | None]] = ContextVar("WATCH", default=None)
WATCHERS: Final[list[Watch]] = []
"""Whoever watches in any thread: nearly always nobody, which is quicker to ask than the context."""


def watching() -> Watch | None:
    """Who watches here. A context belongs to one thread and one task: each hears of its own."""
    by = _WATCH.get() if WATCHERS else None
    return by if by in WATCHERS else None


@contextmanager
def watch(by: Watch) -> Iterator[None]:
    """Tell `by` of what nodes do until the end of the block."""
    before = _WATCH.get()
    try:  # within, so that an interrupt at any time leaves nothing behind
        _WATCH.set(by)
        WATCHERS.append(by)
        yield
    finally:
        if by in WATCHERS:
            WATCHERS.remove(by)
        _WATCH.set(before)


class NoFloatError(TypeError, AttributeError):
    """Raised on the way to `__float__`: `hasattr` says no, `float` and `math.sin` say why."""


def refuse_to_leak(
    what: str,
    remedy: str = "return the number, and write out what the compiled function gives",
    error: type[TypeError] = TypeError,
) -> None:
    """A TypeError while a trace is under way: what it compiles would be right at one point only.

    Under `logging`, which would print the error and go on, it is for the trace to raise.
    """
    by = watching()
    if by is not None:
        frames = [*_frames()]
        inside = [*takewhile(lambda x: not _module(x[0]).startswith("fgrad.compiler."), frames)]
        place = own_place(inside) or own_place(frames)
        refusal = error(
            f"{place}: {what} of a number that jit is tracing: the compiled function would have "
            f"the number of this call in it for ever ({remedy}, or do this outside the compiled "
            "function)"
        )
        raised = all(_module(frame) != "logging" for frame, _ in inside)
        by.leaked(refusal, raised=raised)
        if raised:
            raise refusal


def refuse_text() -> None:
    """As `refuse_to_leak`, unless it is fgrad itself that asks, for the words of an error."""
    if WATCHERS and _module(sys._getframe(2)).partition(".")[0] != "fgrad":  # noqa: SLF001 - as above
        refuse_to_leak("the text")


def _frames() -> Iterator[tuple[FrameType, int]]:
    """The frames that called, and the lines that these are at, the innermost first."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - inspect, which wraps it, is heavy
    while frame is not None:
        yield frame, frame.f_lineno
        frame = frame.f_back


def own_place(frames: Iterable[tuple[FrameType, int]]) -> str:
    """Where the user's own code stands: in the first frame that is nobody else's, if any is."""
    outside = [(x, line) for x, line in frames if _module(x).partition(".")[0] != "fgrad"]
    for frame, line in outside:
        if not is_library(frame.f_code.co_filename):
            return f"{frame.f_code.co_filename}, line {line}"
    return f"{outside[0][0].f_code.co_filename}, line {outside[0][1]}" if outside else ""


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def is_library(file: str) -> bool:
    """Whether code is of the standard library or of an installed package."""
    return file.startswith(_STANDARD) or any(name in file for name in _INSTALLED)


_STANDARD: Final = os.path.dirname(os.__file__), "<frozen "  # noqa: PTH120 - pathlib is heavy
_INSTALLED: Final = ("site-packages", "dist-packages")


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


_INSTEAD: Final = {
    "__int__": "{trunc} instead of int(x)",
    "__trunc__": "{trunc} instead of math.trunc(x)",
    "__floor__": "{floor} instead of math.floor(x)",
    "__ceil__": "{ceil} instead of math.ceil(x)",
    "__round__": "{round} instead of round(x)",
    "__bool__": "x.data != 0 instead of if x",
    "__divmod__": "x // y and x % y instead of divmod(x, y)",
    "__rdivmod__": "x // y and x % y instead of divmod(x, y)",
    "is_integer": "x % 1 == 0 instead of x.is_integer()",
    "real": "x instead of x.real",
    "conjugate": "x instead of x.conjugate()",
    "as_integer_ratio": "fgrad.mean(xs) instead of statistics.mean(xs), and operators",
}
"""What to write instead of what a float has."""
_OF_FUNCTIONS: Final = "{sin} instead of math.sin(x), and so for every function"


def refuse_floats(
    kind: type, why: str, number: str, *, row: str = "fgrad.{}(x)", traced: bool = False
) -> None:
    """Have a `kind` say, wherever a float is needed, why it is none, and what to write.

    row: how one is written of it.
    """
    rows = {name: row.format(name) for name in ("ceil", "floor", "round", "sin", "trunc")}
    for name in {*dir(float), "__complex__"} - {*dir(kind)}:
        remedy = f"write {_INSTEAD.get(name, _OF_FUNCTIONS).format(**rows)}"
        message = (
            f"a {kind.__name__} is no float, {why}: {remedy}, or {number} for the plain number"
        )
        setattr(kind, name, _Refusal(name, remedy, message, traced=traced))
