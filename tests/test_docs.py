"""The documentation: examples well typed, generated parts current, links that lead somewhere.

That its examples run is checked beside these tests: pytest collects them as doctests.
"""

import json
import math
import re
import subprocess
import sys
from doctest import DocTestParser
from pathlib import Path

import pytest

import fgrad
from fgrad.calculus import TABLE

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the top folder."""
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_generated_parts_are_current() -> None:
    done = run("docs/generate.py", "--check")
    assert done.stdout + done.stderr == ""


def examples(page: Path) -> str:
    """The examples of a page as the source of one module."""
    found = DocTestParser().get_examples(page.read_text(encoding="utf-8"))
    return "".join(example.source for example in found)


def test_the_examples_are_well_typed(tmp_path: Path) -> None:
    """The lines that end in `# error` are those that mypy rejects."""
    expected: set[tuple[str, int]] = set()
    for page in PAGES:
        module = f"page_{page.stem.lower().replace('-', '_')}.py"
        source = examples(page)
        (tmp_path / module).write_text(source, encoding="utf-8")
        lines = enumerate(source.splitlines(), start=1)
        expected |= {(module, number) for number, line in lines if line.endswith("# error")}
    done = run("-m", "mypy", "--strict", "--output=json", str(tmp_path))
    reports = [json.loads(line) for line in done.stdout.splitlines() if line]
    found = {(Path(r["file"]).name, r["line"]) for r in reports if r["severity"] == "error"}
    assert found == expected, done.stdout + done.stderr


def test_every_row_has_an_example_that_is_run() -> None:
    code = examples(ROOT / "docs" / "derivatives.md")
    calls = "".join(line for line in code.splitlines() if not line.startswith("from"))
    limits = {row.limit for row in TABLE.values()}
    shown = set(re.findall(r"\w+", calls))
    assert {row.name for row in TABLE.values() if row not in limits} - shown == set()


def test_every_name_of_math_is_one_of_fgrad_or_the_page_says_why_not() -> None:
    page = (ROOT / "docs" / "derivatives.md").read_text(encoding="utf-8")
    (absent,) = re.findall(r"<!-- generated: absent -->(.*?)<!-- end -->", page, flags=re.DOTALL)
    told = set(re.findall(r"^\| (`.*?`) \|", absent, flags=re.MULTILINE))
    named = {name for names in told for name in re.findall(r"\w+", names)}
    public = {name for name in dir(math) if not name.startswith("_")}
    assert public - set(dir(fgrad)) - named == set()
    assert named & set(dir(fgrad)) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_between_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
