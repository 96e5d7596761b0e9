"""What is compiled of a function for calls of one kind: its runs so far, and the code of these."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from fgrad.compiler.lowering import Expressions
from fgrad.compiler.paths import NotRepeatable, Tree, assemble, graft
from fgrad.compiler.python import MISSING, Emitted

if TYPE_CHECKING:
    from fgrad.compiler.captured import Captured
    from fgrad.compiler.program import Program
    from fgrad.compiler.trace import Run

__all__ = ["Compiled", "Entry"]

Entry: TypeAlias = Callable[..., Any]
_MOST_RUNS: Final = 64
_HOT: Final = 1_000_000
"""After so many lines have been computed by Python, machine code is worth its compilation."""


class Compiled:
    """The runs of a function with arguments of one kind.

    native: whether to make machine code: at once, never, or (None) when it is worth it.
    entry, install: what a call of the function enters by, and what makes another thing that. Given
        where all arguments are floats, so that machine code can be called with no Python before it.
    """

    def __init__(
        self,
        inputs: int,
        captured: Captured,
        *,
        native: bool | None,
        entry: Entry,
        install: Callable[[Entry], None] | None,
    ) -> None:
        self.captured = captured
        self.program: Program | None = None
        self._expressions = Expressions(inputs)
        self._tree: Tree | None = None
        self._traces = 0
        self._lock = RLock()
        self._python: Entry | None = None
        self._native: Entry | None = None
        self._wait = math.inf if native is False else 0 if native else _HOT
        self._lines_left = self._wait
        self._entry = entry
        self._install = None if captured.contents else install

    def worth_a_trace(self, name: str) -> bool:
        """Whether to look at one more run; where there have been enough, a warning says so."""
        self._traces += 1
        if self._traces == _MOST_RUNS + 1:
            _warn(f"{name} took {_MOST_RUNS} paths through its branches; new ones run uncompiled")
        return self._traces <= _MOST_RUNS

    def add(self, run: Run, name: str) -> None:
        """Compile one more run beside the others, if they can be told apart."""
        with self._lock:
            try:
                self._tree = graft(self._tree, self._expressions.lower(run))
            except NotRepeatable:
                self._give_up(name)
                return
            self.program = assemble(self._expressions, self._tree)
            self._python = self._native = None
            self._lines_left = self._wait
            if not self._wait:
                self._go_native()

    def _give_up(self, name: str) -> None:
        self.program = self._python = self._native = None
        self._traces = _MOST_RUNS + 1
        if self._install is not None:
            self._install(self._entry)
        _warn(f"{name} gave other results from the same numbers: it runs uncompiled from now on")

    def run(self, numbers: Sequence[float]) -> object:
        """What the runs so far give for these numbers: MISSING if it takes another one."""
        program = self.program
        if program is None:
            return MISSING
        self._lines_left -= len(program.lines) + 1
        if self._lines_left < 0 and self._native is None and self._wait:
            self._go_native()
        native = self._native
        if native is not None:
            answer = native(*numbers)
            if answer is not MISSING:
                return answer
        return self.python(program)(*numbers)

    def python(self, program: Program) -> Entry:
        """The program as a function of Python's."""
        python = self._python
        if python is None:
            python = self._python = Emitted(program).function()
        return python

    def _go_native(self) -> None:
        """Make machine code, if that can be: what has no native form stays Python."""
        with self._lock:
            self._lines_left = math.inf
            try:
                from fgrad.compiler.native import compile_native

                program = self.program
                if program is None:
                    return
                if self._install is None:
                    self._native = compile_native(program, _missing, ())
                    return
                code = compile_native(program, self._entry, self.captured.watched)
                if code is not None:
                    self._install(code)
            except ImportError:
                if not self._wait:
                    _say_what_is_missing()


def _missing(*_: object, **__: object) -> object:
    return MISSING


def _warn(message: str) -> None:
    warnings.warn(f"jit: {message}", RuntimeWarning, stacklevel=5)


@cache
def _say_what_is_missing() -> None:
    _warn("without llvmlite functions run as Python source (pip install 'fgrad[native]')")
