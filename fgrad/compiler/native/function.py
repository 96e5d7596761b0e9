"""From a program to a builtin function."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from fgrad.compiler.lock import LOCK
from fgrad.compiler.native import layout
from fgrad.compiler.native.builtin import keeper, make_builtin
from fgrad.compiler.native.entry import Entry
from fgrad.compiler.native.machine import machine
from fgrad.compiler.program import Block, Program, Return
from fgrad.container import LEAF

if TYPE_CHECKING:
    from fgrad.compiler.captured import Watched

__all__ = ["compile_native"]

LARGE: Final = 50_000  # lines from which on time is better spent running than compiling


def compile_native(
    program: Program,
    fallback: Callable[..., object],
    watched: Sequence[Watched],
    *,
    fast: bool | None = None,
) -> Callable[..., object] | None:
    """The builtin function that computes a program; None if it cannot be.

    It takes as many floats as the program has inputs, by position. On anything else, where the
    program knows no run, where Python would raise, and where a thing of `watched` has changed, it
    is `fallback` that answers, called with the same arguments.

    fast: whether compiling is to be quick, or its result; by default that depends on the size.
    """
    if fast is None:
        fast = len(program.lines) >= LARGE
    if not is_possible():
        return None
    with LOCK:
        return _compile(program, fallback, watched, fast=fast)


def _compile(
    program: Program, fallback: Callable[..., object], watched: Sequence[Watched], *, fast: bool
) -> Callable[..., object]:
    here = machine()
    entry = Entry(program, [None, fallback], watched)
    modules = [here.compile(text, fast=fast) for text in entry.modules()]
    engine = here.load(modules)
    return make_builtin(engine, (keeper(engine), *entry.held[1:]))


@cache
def is_possible() -> bool:
    """Whether code of this kind works in this interpreter."""
    if sys.implementation.name != "cpython" or os.name != "posix" or not layout.is_known():
        return False
    identity = Program(1, (), Block((), Return((0,), LEAF)))
    try:
        with LOCK:
            same = _compile(identity, str, (), fast=True)
    except (OSError, RuntimeError, AttributeError):
        return False  # code may not be written here, or LLVM or a function is missing
    return same(math.pi) == math.pi and same(1) == "1"
