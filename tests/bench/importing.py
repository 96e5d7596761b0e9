"""What `import fgrad` adds to a process that has imported attrs: fresh interpreters, taking turns.

Run it pinned to one core: `taskset -c 0 python tests/bench/importing.py`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 41
LINES = (
    "import fgrad",
    "from fgrad import grad",
    "from fgrad import Value",
    "from fgrad import nn",
    "from fgrad import jit",
)
SCRIPT = """
from time import perf_counter
import attrs
begin = perf_counter()
{line}
print(perf_counter() - begin)
"""


def seconds(line: str) -> float:
    """How long `line` takes in a new interpreter."""
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(line=line)], capture_output=True, text=True, check=True
    )
    return float(run.stdout)


def main() -> None:
    """Print the medians."""
    rounds = [[seconds(line) for line in LINES] for _ in range(ROUNDS)]
    for line, times in zip(LINES, zip(*rounds, strict=True), strict=True):
        print(f"{line:28} {statistics.median(times) * 1e3:6.1f} ms")


if __name__ == "__main__":
    main()
