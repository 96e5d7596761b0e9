"""The package as it is installed: its tables agree, its import is light, its names are there."""

import ast
import csv
import re
import subprocess
import sys
import tomllib
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest

import fgrad

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PYPROJECT["project"]["optional-dependencies"]

SET_UP = [
    "python3 -m venv .venv && .venv/bin/pip install -e '.[all]' && .venv/bin/fgrad demo",
    "python3 -m venv .venv && .venv/bin/pip install -e '.[all,test]' && .venv/bin/pytest",
]


def test_the_extra_for_pip_and_the_group_for_poetry_agree() -> None:
    assert EXTRAS["test"] == PYPROJECT["dependency-groups"]["dev"]


def test_the_extra_all_is_the_other_extras_together() -> None:
    assert set(EXTRAS["all"]) == {*EXTRAS["native"], *EXTRAS["draw"], *EXTRAS["cli"]}


def test_what_an_extra_brings_is_imported_somewhere() -> None:
    files = [path.read_text(encoding="utf-8") for path in Path(fgrad.__file__).parent.rglob("*.py")]
    parts = [part for file in files for part in ast.parse(file).body]
    run = [part for part in parts if not isinstance(part, ast.If)]  # one is for checkers alone
    nodes = [node for part in run for node in ast.walk(part)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    brought = {re.split(r"\W", each.replace("-", "_"))[0] for each in EXTRAS["all"]}
    assert brought <= {name.partition(".")[0] for name in names}


def test_fgrad_depends_on_attrs_alone() -> None:
    (only,) = PYPROJECT["project"]["dependencies"]
    assert only.startswith("attrs")


def test_the_readme_gives_the_two_set_up_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("python3 -m venv ")] == SET_UP


def test_the_import_is_light() -> None:
    heavy = {"argparse", "asyncio", "json", "multiprocessing", "numpy"}
    script = "import sys; from fgrad import *; print(*sys.modules)"  # all that is public
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "fgrad" in loaded
    assert heavy.isdisjoint(loaded)


def test_every_row_of_the_table_is_a_public_name() -> None:
    assert {name: getattr(fgrad, name) for name in fgrad.TABLE} == fgrad.TABLE


def test_what_a_type_checker_sees_is_what_is_imported_when_used() -> None:
    tree = ast.parse(Path(fgrad.__file__).read_text(encoding="utf-8"))
    for_checkers = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname: node.module
        for node in ast.walk(for_checkers)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"fgrad.{home}" for name, home in vars(fgrad)["_HOMES"].items()}


def test_every_public_name_is_there_and_no_other() -> None:
    assert len(set(dir(fgrad))) == len(dir(fgrad))
    assert all(getattr(fgrad, name) is not None for name in dir(fgrad))
    assert not hasattr(fgrad, "gradient")


def test_the_type_marker_is_shipped() -> None:
    assert resources.files(fgrad).joinpath("py.typed").is_file()


def test_the_irises_are_shipped_whole() -> None:
    with resources.files(fgrad).joinpath("data/iris.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    species = Counter(row.pop("species") for row in rows)
    assert species == {"setosa": 50, "versicolor": 50, "virginica": 50}
    assert {len(row) for row in rows} == {4}
    assert sum(float(row["sepal_length"]) for row in rows) == pytest.approx(876.5)
