"""What the whole suite shares: how hard hypothesis tries, and what is not collected."""

import os

from hypothesis import settings

os.environ["FGRAD_CACHE"] = "off"  # the user's cache is left alone, and read by no test

# tests/bench measures and is run by itself; tests/typing reads these two, and runs the first.
collect_ignore = ["bench", "typing/consumer.py", "typing/rejects.py"]

# `quick` draws the same examples on every run; HYPOTHESIS_PROFILE=deep draws new ones, and many.
settings.register_profile("quick", max_examples=50, deadline=None, derandomize=True, database=None)
settings.register_profile("deep", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
