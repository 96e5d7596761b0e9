"""What the whole suite shares: how hard hypothesis tries, and what is not collected."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["FGRAD_CACHE"] = "off"  # the user's cache is left alone, and read by no test

# tests/bench measures and is run by itself; tests/typing reads these two, and runs the first.
collect_ignore = ["bench", "typing/consumer.py", "typing/rejects.py"]

# `quick` draws the same examples on every run; HYPOTHESIS_PROFILE=deep draws new ones, and many.
settings.register_profile("quick", max_examples=50, deadline=None, derandomize=True, database=None)
settings.register_profile("deep", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_configure(config: pytest.Config) -> None:
    """Read the file of one exercise alone for `pytest -m ex1`, and so for the others.

    The rest may import what a student has still to write.
    """
    by_default = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if by_default and config.option.markexpr in {"ex1", "ex2", "ex3"}:
        files = Path(__file__).parent.glob(f"exercise/test_{config.option.markexpr}_*.py")
        config.args = [str(file) for file in files]
