"""What is compiled of a function for calls of one kind: its runs so far, and the code of these."""

from __future__ import annotations

import gc
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from weakref import WeakSet

from fgrad.compiler.lock import LOCK
from fgrad.compiler.lowering import Expressions
from fgrad.compiler.paths import Runs, assemble, graft
from fgrad.compiler.python import MISSING, Emitted
from fgrad.compiler.trace import Contradiction, Untraceable, taken_apart, trace

if TYPE_CHECKING:
    from fgrad.compiler.call import Call
    from fgrad.compiler.captured import Captured
    from fgrad.compiler.program import Program
    from fgrad.compiler.trace import Run

__all__ = ["RAISED", "Compiled", "Function", "run_again", "warn"]

Function: TypeAlias = Callable[..., Any]
RAISED: Final = object()
"""The answer of code that raises."""
_MOST_RUNS: Final = 64
_ALL: Final[WeakSet[Compiled]] = WeakSet()
"""Those whose locks a forked child makes anew: whoever held one is not there to release it."""
_HOT: Final = 1_000_000
"""After so many lines have been computed by Python, machine code is worth its compilation."""

_WARM: Final = 100_000
"""As `_HOT`, where machine code was asked for: it is not made anew for each of many runs."""


class Compiled:
    """The runs of a function with arguments of one kind.

    native: whether to make machine code: at once, never, or (None) when it is worth it.
    entry: what a call of the function enters by, as long as nothing else is installed.
    install: makes another thing what a call enters by: machine code, with no Python before it. None
        where not all arguments are floats.
    tell: warns of what the function does, and says why.
    """

    def __init__(  # noqa: PLR0913 - all that it has of its function
        self,
        inputs: int,
        captured: Captured,
        *,
        native: bool | None,
        entry: Function,
        install: Callable[[Function], None] | None,
        tell: Callable[[str, str], None],
    ) -> None:
        self.captured = captured
        self.program: Program | None = None
        self._expressions = Expressions(inputs)
        self._runs: Runs | None = None
        self._branching = False
        self._count = self._failures = 0
        self._closed = False
        self._lock = RLock()
        _ALL.add(self)
        self._code: Function = _missing
        """What runs call: at first nothing, `_emit`, Python's function of the program, and at last
        machine code with that behind it."""
        self._native: Function | None = None
        self._wait = math.inf if native is False else 0 if native else _HOT
        self._calls_left = self._wait
        self._entry = entry
        self._tell = tell
        self._install = None if captured.contents else install

    def learns(self) -> bool:
        """Whether to look at one more run; where there have been enough, a warning says so."""
        if self._count == _MOST_RUNS:
            self._close(f"took {_MOST_RUNS} paths through its branches: new ones run")
        return not self._closed

    def learn(self, f: Function, call: Call, answer: object) -> None:
        """Compile the run that gave `answer` beside the others, if they can be told apart."""
        try:
            with _without_collector():
                self._add(run_again(f, call, answer, self.captured, branching=self._branching))
        except Untraceable as reason:
            self._fail(reason)
        except Contradiction:
            self.program, self._native, self._code = None, None, _missing
            if self._install is not None:
                self._install(self._entry)
            self._close("gave different results from the same numbers: it runs")

    def _fail(self, reason: Untraceable) -> None:
        """Take note of a call that no program can repeat."""
        self._failures += 1
        if self._failures == _MOST_RUNS:
            self._close(f"could not be compiled in {_MOST_RUNS} calls: it runs", f" ({reason})")

    def _close(self, what: str, why: str = "") -> None:
        """Look at no more runs."""
        with self._lock:
            self._count, known = -1, self._closed
            self._closed = True
        if not known:
            self._tell(f"{what} uncompiled from now on", why)

    def _add(self, run: Run) -> None:
        with self._lock:
            if run.branching and not self._branching:
                self._branch()
            if run.branching is not self._branching:
                return  # which another thread has found out meanwhile
            path = self._expressions.lower(run)
            self._runs = graft(self._runs, path)
            self._count, self._failures = self._count + 1, 0
            self.program = assemble(self._expressions, self._runs)
            self._code, self._native = self._emit, None
            often = self._count & (self._count - 1)  # not 1, 2, 4, 8, … runs
            wait = self._wait or (_WARM if often else 0)
            self._calls_left = wait / (len(self.program.lines) + 1)
            if not wait:
                self._go_native()

    def _branch(self) -> None:
        """From now on sweeps take branches: a run that took none cannot stand beside those."""
        self._branching, self._runs, self._count = True, None, 0

    def run(self, numbers: Sequence[float]) -> object:
        """What the runs so far give for these numbers: MISSING if it takes another one.

        RAISED where they raise: the function itself is to do that, and outside of any `except`, or
        the error here would be the context of its own.
        """
        try:
            self._calls_left -= 1
            if self._calls_left < 0:
                self._go_native()
            return self._code(*numbers)
        except Exception:  # noqa: BLE001 - whatever it is
            return RAISED

    def _emit(self, *numbers: float) -> object:
        """Python's function of the program, called; from then on calls go to it."""
        program = self.program
        if program is None:
            return MISSING
        code = Emitted(program).function()
        with self._lock:
            if self.program is program:
                self._code = _first(self._native, code) if self._native else code
        return code(*numbers)

    def _go_native(self) -> None:
        """Make machine code, if that can be."""
        with self._lock:
            self._calls_left = math.inf
            try:
                with LOCK:  # or a child that is forked amid the import waits for its end
                    from fgrad.compiler.native import compile_native

                program = self.program
                if program is None:
                    return
                if self._install is None:
                    self._native = compile_native(program, _missing, ())
                    if self._native is not None:
                        self._code = _first(self._native, self._code)
                    return
                code = compile_native(program, self._entry, self.captured.watched)
                if code is not None:
                    self._install(code)
            except ImportError:
                if not self._wait and not sys.is_finalizing():  # when nothing can be imported
                    _say_what_is_missing()


def run_again(
    f: Function,
    call: Call,
    answer: object,
    captured: Captured,
    *,
    branching: bool = False,
) -> Run:
    """The run that gave `answer`, on nodes; Untraceable or Contradiction if none can repeat it."""
    if captured.changed() or call.changed():
        raise Untraceable("it changes its arguments, or what it captures")
    numbers, structure = taken_apart(answer)
    try:
        run = trace(f, call.numbers, call.arguments, branching=branching)
    finally:
        written = captured.changed()
        if written:
            f(*call.args, **call.kwargs)  # so that what it wrote is no node
    if written:
        raise Untraceable("it writes into what it captures")
    run.check(numbers, structure)
    return run


def _renew_locks() -> None:
    for compiled in tuple(_ALL):
        compiled._lock = RLock()  # noqa: SLF001 - as its own method would


_WITHOUT_COLLECTOR: Final[set[int]] = set()
"""The threads that have turned the garbage collector off, and will turn it on again."""


@contextmanager
def _without_collector() -> Iterator[None]:
    """All that is made is needed: to look for garbage in it takes as long as the rest."""
    if not gc.isenabled():
        yield
        return
    try:  # around it all: an interrupt may come between any two lines
        _WITHOUT_COLLECTOR.add(get_ident())
        gc.disable()
        yield
    finally:
        gc.enable()
        _WITHOUT_COLLECTOR.discard(get_ident())


def _turn_collector_on() -> None:
    if _WITHOUT_COLLECTOR:
        _WITHOUT_COLLECTOR.clear()
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
    os.register_at_fork(after_in_child=_turn_collector_on)


def _missing(*_: object, **__: object) -> object:
    return MISSING


def warn(message: str) -> None:
    """A warning, where the user's own code stands."""
    frame, level = sys._getframe(1), 2  # noqa: SLF001 - inspect, which wraps it, is heavy
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("fgrad."):
        frame, level = frame.f_back, level + 1
    warnings.warn(f"jit: {message}", RuntimeWarning, stacklevel=level)


def _first(native: Function, python: Function) -> Function:
    """Machine code, and where it gives MISSING (an error is about to be raised) Python's."""

    def code(*numbers: float) -> object:
        answer = native(*numbers)
        return python(*numbers) if answer is MISSING else answer

    return code


@cache
def _say_what_is_missing() -> None:
    warn("without llvmlite functions run as Python source (pip install 'fgrad[native]')")
