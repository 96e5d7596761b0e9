"""Random programs at random points, compiled against eager: `python -m tests.bench.equality`.

Value, gradient and exception must be the same to the last bit and the last word. Prints the seed,
the counts, and every program that differs, with a point. The same seed draws the same programs.
"""

from __future__ import annotations

import argparse
import random
import sys
import warnings
from collections import Counter
from importlib.util import find_spec
from time import perf_counter

from fgrad import jit, value_and_grad
from tests.jit.branching import function, point, written
from tests.jit.runners import Function, outcome, raises

TIERS = {"Python": False, "native": True}


def differs(source: str, points: list[tuple[float, float]], *, native: bool) -> Counter[str]:
    """How the points of one program went; the first that differs is printed."""
    f = function(source)
    counts: Counter[str] = Counter()
    pairs: list[tuple[Function, Function]] = [
        (jit(g, native=native), g) for g in (f, value_and_grad(f))
    ]
    for at in points:
        expected = [outcome(g, *at) for _, g in pairs]
        got = [outcome(quick, *at) for quick, _ in pairs]
        counts["wrong" if got != expected else "right"] += 1
        counts["raising"] += raises(expected[0])
        if got != expected and counts["wrong"] == 1:
            print(f"at {at}: {got}, eager {expected}", source, sep="\n", flush=True)
    return counts


def main() -> int:
    """Compare; the exit status says whether anything differs."""
    parser = argparse.ArgumentParser(description="compiled programs against eager ones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--points", type=int, default=100)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message="jit: ", category=RuntimeWarning)
    tiers = TIERS if find_spec("fgrad.compiler.native") else {"Python": False}
    total = 0
    for name, native in tiers.items():
        begin = perf_counter()
        counts: Counter[str] = Counter()
        for number in range(options.programs):
            rng = random.Random(f"{options.seed} {number}")
            source = written(rng, risk=0.15 * (number % 2))
            counts += differs(source, [point(rng) for _ in range(options.points)], native=native)
        total += counts["wrong"]
        print(
            f"{name}: seed {options.seed}, {options.programs} programs, "
            f"{counts['right'] + counts['wrong']} points, {counts['raising']} raising, "
            f"{counts['wrong']} wrong; {perf_counter() - begin:.0f} s"
        )
    return min(total, 1)


if __name__ == "__main__":
    sys.exit(main())
