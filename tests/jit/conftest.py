"""The runners: Python source and machine code."""

from __future__ import annotations

import pytest

from tests.jit.runners import RUNNERS, Runner


@pytest.fixture(params=RUNNERS)
def runner(request: pytest.FixtureRequest) -> Runner:
    """What makes of a function one that gives the same."""
    made: Runner = request.param
    return made
