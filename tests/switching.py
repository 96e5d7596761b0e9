"""Threads that take turns as often as Python lets them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def switching(interval: float) -> Iterator[None]:
    """Threads take turns so often that each is interrupted in the midst of everything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
