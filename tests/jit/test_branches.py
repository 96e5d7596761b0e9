"""Branches and loops that the numbers decide: the same bits, the same errors, at many points."""

from __future__ import annotations

import random
import warnings
from collections import Counter
from typing import Final

import pytest

from fgrad import jit
from tests.jit.branching import function, point, written
from tests.jit.runners import DERIVED, Runner, assert_same, outcome, raises

PROGRAMS: Final = 60
TRANSFORMED: Final = ("value", "value_and_grad", "grad of grad", "jvp")


@pytest.fixture(autouse=True)
def _paths_may_be_many() -> None:
    warnings.filterwarnings("ignore", message="jit: .* took 64 paths", category=RuntimeWarning)


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_a_program_with_branches_and_loops(seed: int, runner: Runner) -> None:
    rng = random.Random(seed)
    source = written(rng, risk=0.15 if seed % 2 else 0.0)
    points = [point(rng) for _ in range(15)]
    derive = DERIVED[TRANSFORMED[seed % len(TRANSFORMED)]]
    assert_same(runner, derive(function(source)), [*points, *points])


def test_the_programs_are_what_they_are_meant_to_be() -> None:
    """Most take several paths, many raise somewhere, and every kind of statement is in some."""
    paths, raising, text = Counter[bool](), 0, ""
    for seed in range(PROGRAMS):
        rng = random.Random(seed)
        source = written(rng, risk=0.15 if seed % 2 else 0.0)
        f, text = function(source), text + source
        quick = jit(f, native=False)
        raising += sum(raises(outcome(quick, *point(rng))) for _ in range(30)) > 0
        (compiled,) = quick._compiled.values()  # noqa: SLF001 - there is no other way to see it
        paths[str(compiled.program).count("return") > 1] += 1
    assert paths[True] > PROGRAMS / 3
    assert raising > PROGRAMS / 6
    for word in ("elif", "while", "except", "sorted", "max", " and ", " or ", "not ", "return"):
        assert word in text
