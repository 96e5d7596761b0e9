"""Every test of an exercise ends: a half-done Value may have a loop that does not."""

import signal
from collections.abc import Generator
from types import FrameType
from typing import Final

import pytest

PATIENCE = 20.0
"""Seconds for a test, where none takes one; a tenth of them once one was not done."""

_HELD_UP: Final = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test that goes on for ever, on systems that can interrupt it."""
    if not hasattr(signal, "SIGALRM"):
        return (yield)
    seconds = PATIENCE / 10 if item.config.stash.get(_HELD_UP, False) else PATIENCE

    def stop(_: int, frame: FrameType | None) -> None:
        item.config.stash[_HELD_UP] = True
        where = f"line {frame.f_lineno} of {frame.f_code.co_filename}" if frame else "it"
        pytest.fail(f"not done after {seconds:g} seconds, in {where}: is there a loop without end?")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
