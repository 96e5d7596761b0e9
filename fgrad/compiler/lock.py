"""The one lock of whoever makes machine code, and that no fork is amid that."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager
from threading import RLock
from typing import Final

__all__ = ["LOCK"]

LOCK: Final = RLock()
"""Held by whoever compiles, since LLVM's context is shared, or imports what is needed for that."""
_HELD: Final[list[AbstractContextManager[object]]] = []
"""What is held beside `LOCK` while the process forks."""


def _hold() -> None:
    """Let nobody be inside LLVM: a child must not inherit a lock that nobody will release.

    Code that is dropped goes without our lock, but not without llvmlite's own.
    """
    LOCK.acquire()
    own = getattr(getattr(sys.modules.get("llvmlite.binding.ffi"), "lib", None), "_lock", None)
    if isinstance(own, AbstractContextManager):  # private, so it may have gone
        own.__enter__()
        _HELD.append(own)


def _release() -> None:
    while _HELD:
        _HELD.pop().__exit__(None, None, None)
    LOCK.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_release)
