"""What is exchanged in place, and what comes only later: no answer is stale."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from fgrad import jit
from fgrad.compiler.captured import Captured

Change = Callable[[], object]
Case = tuple[Callable[[float], Any], Change]
Module = Callable[[str, str], None]

PACKAGE: Final = "package_of_fgrad_tests"


def five(x: Any) -> Any:
    return x * 5.0


def assigned(thing: object, name: str, to: object) -> Change:
    return lambda: setattr(thing, name, to)


def of_code(_: Module) -> Case:
    def f(x: Any) -> Any:
        return x * 2.0

    return f, assigned(f, "__code__", five.__code__)


def of_inner_code(_: Module) -> Case:
    def inner(x: Any) -> Any:
        return x * 2.0

    return lambda x: inner(x), assigned(inner, "__code__", five.__code__)


def of_the_code_of_a_method(_: Module) -> Case:
    class Line:
        def at(self, x: Any) -> Any:
            return x * 2.0

    return Line().at, assigned(Line.at, "__code__", (lambda _, x: x * 5.0).__code__)


def of_defaults(_: Module) -> Case:
    def f(x: Any, k: float = 2.0) -> Any:
        return x * k

    return f, assigned(f, "__defaults__", (5.0,))


def of_inner_defaults(_: Module) -> Case:
    def inner(x: Any, k: float = 2.0) -> Any:
        return x * k

    return lambda x: inner(x), assigned(inner, "__defaults__", (5.0,))


def of_keyword_defaults(_: Module) -> Case:
    def f(x: Any, *, k: float = 2.0) -> Any:
        return x * k

    return f, assigned(f, "__kwdefaults__", {"k": 5.0})


def of_a_keyword_default(_: Module) -> Case:
    def f(x: Any, *, k: float = 2.0) -> Any:
        return x * k

    return f, lambda: f.__kwdefaults__.update(k=5.0)  # type: ignore[union-attr]  # it has one


class Two:
    k = 2.0


class Five:
    k = 5.0


def of_class(_: Module) -> Case:
    thing = Two()
    return lambda x: x * thing.k, assigned(thing, "__class__", Five)


def of_bases(_: Module) -> Case:
    class Heir(Two):
        pass

    return lambda x: x * Heir.k, assigned(Heir, "__bases__", (Five,))


def of_hidden_builtin(module: Module) -> Case:
    module("hidden", "def f(x): return x * len([1, 2])")
    hidden = importlib.import_module(f"{PACKAGE}.hidden")
    return hidden.f, assigned(hidden, "len", lambda _: 5)


def of_new_global(module: Module) -> Case:
    module("new", "def f(x):\n try: return x * rate\n except NameError: return x * 2.0")
    new = importlib.import_module(f"{PACKAGE}.new")
    return new.f, assigned(new, "rate", 5.0)


def of_module_getattr(module: Module) -> Case:
    module("lazy", "rates = [2.0]\ndef __getattr__(name): return rates[0]")
    lazy: Any = importlib.import_module(f"{PACKAGE}.lazy")
    return lambda x: x * lazy.rate, lambda: lazy.rates.__setitem__(0, 5.0)


def of_import(code: str) -> Callable[[Module], Case]:
    """A function with an import statement in it, of a module that nobody has imported so far."""

    def make(module: Module) -> Case:
        module("rates", "rate = 2.0\ndef scaled(x): return x * rate")
        module("user", f"def f(x):\n    {code}")
        name = f"{PACKAGE}.rates"
        user = importlib.import_module(f"{PACKAGE}.user")
        return user.f, lambda: setattr(sys.modules[name], "rate", 5.0)

    return make


CASES: Final[dict[str, Callable[[Module], Case]]] = {
    "code": of_code,
    "the code of a function within": of_inner_code,
    "the code of a method": of_the_code_of_a_method,
    "defaults": of_defaults,
    "the defaults of a function within": of_inner_defaults,
    "keyword defaults": of_keyword_defaults,
    "a keyword default": of_a_keyword_default,
    "the class of an object": of_class,
    "the bases of a class": of_bases,
    "a builtin hidden by a new global": of_hidden_builtin,
    "a global that is there only later": of_new_global,
    "a module's own getattr": of_module_getattr,
    "import": of_import(f"import {PACKAGE}.rates; return x * {PACKAGE}.rates.rate"),
    "import as": of_import(f"import {PACKAGE}.rates as r; return x * r.rate"),
    "from import": of_import(f"from {PACKAGE}.rates import rate; return x * rate"),
    "a function imported": of_import(f"from {PACKAGE}.rates import scaled; return scaled(x)"),
    "a module of a package": of_import(f"from {PACKAGE} import rates; return x * rates.rate"),
    "a relative import": of_import("from .rates import rate; return x * rate"),
    "a relative import of a module": of_import("from . import rates; return x * rates.rate"),
    "of one of two": of_import("import math; from .rates import scaled, rate; return x * rate"),
}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Module]:
    """What writes a module of a package that can be imported until the end of the test."""
    package = tmp_path / PACKAGE
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, code: str) -> None:
        (package / f"{name}.py").write_text(code)
        importlib.invalidate_caches()

    yield write
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
def test_a_change_is_noticed(
    make: Callable[[Module], Case], module: Module, *, native: bool
) -> None:
    f, change = make(module)
    quick = jit(f, native=native)
    assert [quick(1.5), quick(1.5), quick(1.5), quick(2.5)] == [3.0, 3.0, 3.0, 5.0]
    change()
    assert [quick(1.5), quick(1.5), quick(1.5), quick(2.5)] == [7.5, 7.5, 7.5, 12.5]
    assert f(1.5) == 7.5


@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
def test_nothing_changes_by_itself(make: Callable[[Module], Case], module: Module) -> None:
    f, _ = make(module)
    f(1.5)  # imports
    captured = Captured(f)
    f(1.5)
    assert not captured.changed()


def test_what_a_module_of_the_standard_library_has_is_not_looked_at() -> None:
    def f(x: Any) -> Any:
        from math import pi

        return x * pi

    captured = Captured(f)
    assert [x for x in captured.watched if isinstance(getattr(x, "content", None), ModuleType)]
    assert not [x for x in captured.watched if getattr(x, "name", "") == "pi"]
