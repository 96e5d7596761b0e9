"""Many programs with derivatives inside against mpmath, once: `python -m tests.bench.programs`.

Prints the seed, the count, what is wrong (with the program), and how far forward and reverse are
apart. The same seed draws the same programs.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from time import perf_counter

from tests.nested import draw, judge


def main() -> int:
    """Judge the programs; the exit status says whether any is wrong."""
    parser = argparse.ArgumentParser(description="programs with derivatives inside, judged")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first program")
    parser.add_argument("--most", type=int, default=40, help="lines of the longest")
    options = parser.parse_args()
    begin, wrong, lines = perf_counter(), 0, 0
    ulps: Counter[int] = Counter()
    for number in range(options.first, options.first + options.count):
        program, inputs = draw(random.Random(f"{options.seed} {number}"), options.most)
        verdict = judge(program, inputs)
        lines += len(program.lines)
        ulps[min(64, int(verdict.ulps))] += 1
        if verdict.wrong:
            wrong += 1
            print(f"program {number} at {inputs}", program, *verdict.wrong, sep="\n", flush=True)
        if (number + 1) % 1_000 == 0:
            print(f"{number + 1} programs, {wrong} wrong", file=sys.stderr, flush=True)
    within = sum(count for far, count in ulps.items() if far < 4) / options.count
    print(f"seed {options.seed}, {options.count} programs from {options.first}, {lines} lines")
    print(f"{wrong} wrong; {within:.2%} with forward and reverse within 4 ulp, the rest no farther")
    print(f"apart than rounding explains; {perf_counter() - begin:.0f} s")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
