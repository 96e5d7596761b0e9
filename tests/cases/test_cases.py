"""Points where differentiation engines are known to be wrong, to crash or to give nan.

No expected number in cases.json comes from a differentiation engine: a computer algebra system
differentiated the closed form, and differences of the program at 700 digits agree. A case that
needs a name fgrad does not have is skipped and says which; it switches on by itself.
"""

from __future__ import annotations

import ast
import json
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
import pytest

import fgrad
from fgrad import Node, Scalar, value

Answer = Callable[..., Any]

# Here it counts what they do; tests/typing has what types they give.
grad: Any = fgrad.grad
value_and_grad: Any = fgrad.value_and_grad

VOCABULARY: Final = re.findall(
    r"\w+",
    "sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh exp expm1 log log1p log2 log10 "
    "sqrt cbrt sign floor ceil round hypot atan2 maximum minimum relu clip sigmoid softplus "
    "logsumexp where erf erfc lgamma",
)
"""The names that a case's expression means those of fgrad by; the others are Python's."""

OPERATORS: Final[Mapping[type[ast.operator], str]] = {
    ast.FloorDiv: "__floordiv__",
    ast.Mod: "__mod__",
}

DIFFERENT: Final[Mapping[str, str]] = {}
"""The conventions that fgrad decides otherwise than recommended, each with its reason."""


@attrs.frozen(kw_only=True)
class Case:
    """One line of cases.json, as its README explains the fields."""

    name: str
    group: str
    kind: str
    expr: str
    args: list[Any]
    value: Any
    grad: Any
    tol: float
    note: str
    oracles: int
    code: str = ""
    types: tuple[str, ...] = ()
    pack: str = ""
    out: str = ""
    raises: str = ""
    py: str = ""
    hess: Any = None
    hess_stretch: bool = False
    derivs: Any = None
    atol: float = 0.0
    slow: bool = False
    optional: bool = False
    fails: tuple[str, ...] = ()


CASES: Final = [
    Case(**case)
    for case in json.loads(Path(__file__).with_name("cases.json").read_text(encoding="utf-8"))
]


def of_kind(*kinds: str) -> pytest.MarkDecorator:
    cases = [case for case in CASES if case.kind in kinds]
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


# A case made ready to run.


def iterate(f: Callable[[Scalar], Scalar], x: Scalar, n: int) -> Scalar:
    for _ in range(n):
        x = f(x)
    return x


def missing(source: str) -> list[str]:
    """The names that the source needs and fgrad does not have."""
    nodes = list(ast.walk(ast.parse(source)))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    operators = {type(node.op) for node in nodes if isinstance(node, ast.BinOp)}
    lacking = [name for name in VOCABULARY if name in names and not hasattr(fgrad, name)]
    methods = [method for kind, method in OPERATORS.items() if kind in operators]
    return lacking + [method for method in methods if not hasattr(Node, method)]


def function(case: Case) -> Answer:
    """The function of a case, over the names of fgrad."""
    source = case.code or case.expr
    for name in missing(source):
        pytest.skip(f"needs {name}")
    names: dict[str, Any] = {name: getattr(fgrad, name, None) for name in VOCABULARY}
    names |= {"D": grad, "iterate": iterate}
    if case.code:
        exec(case.code, names)  # noqa: S102 - our own file
        f: Answer = names["f"]
        return f
    variables = ", ".join("xyz"[: len(case.args)])
    made: Answer = eval(f"lambda {variables}: {case.expr}", names)  # noqa: S307 - our own file
    return made


TYPES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "int": int,
    "bool": bool,
    "numpy.float64": np.float64,
}


def arguments(case: Case) -> list[Any]:
    """The arguments of a case, of the types it names."""
    if not case.types:
        return [float(x) for x in case.args]
    return [TYPES[kind](x) for kind, x in zip(case.types, case.args, strict=True)]


PACKS: Final[Mapping[str, Callable[..., Any]]] = {
    "dict_static": lambda x, y: {"x": x, "tag": "static", "none": None, "y": y},
    "empty": lambda: (),
}


def numbers(f: Answer, case: Case) -> tuple[Any, list[Any]]:
    """The value of a case and its gradient (a Jacobian by rows if it has several values)."""
    args = arguments(case)
    if case.out:
        rows = range(len(case.value))
        pairs = [value_and_grad(lambda *xs, i=i: f(*xs)[i])(*args) for i in rows]
        lone = len(args) == 1
        return [x for x, _ in pairs], [[row] if lone else list(row) for _, row in pairs]
    if case.pack:
        pack = PACKS[case.pack]
        letters = [letter for letter in "xyz" if letter in pack(*args)]
        g = value_and_grad(lambda tree: f(*(tree[letter] for letter in letters)))
        got, tree = g(pack(*args))
        leaves = [tree[letter] for letter in letters]
        assert tree == pack(*leaves)
        return got, leaves
    transformed: Any = value_and_grad(f)
    got, gradient = transformed(*args)
    return got, [gradient] if len(args) == 1 else list(gradient)


def hessian(f: Answer, args: Sequence[Any]) -> list[list[Any]]:
    """The second derivatives, one gradient of each entry of the gradient."""
    if len(args) == 1:
        first: Any = grad(f)
        return [[grad(first)(args[0])]]
    gradient: Any = grad(f)
    return [list(grad(lambda *xs, i=i: gradient(*xs)[i])(*args)) for i in range(len(args))]


# Comparing.


def flat(nested: object) -> list[Any]:
    return [x for item in nested for x in flat(item)] if isinstance(nested, list) else [nested]


def near(got: float, expected: float, tolerance: float, absolute: float = 0.0) -> bool:
    """Equal, or both nan, or within the tolerance: relative, absolute about 0."""
    if math.isnan(got) or math.isnan(expected):
        return math.isnan(got) and math.isnan(expected)
    if math.isinf(got) or math.isinf(expected):
        return got == expected
    return abs(got - expected) <= max(tolerance * (abs(expected) or 1.0), absolute)


def misses(case: Case) -> list[str]:
    """What a case gives otherwise than it should: nothing, if all is well."""
    f = function(case)
    try:
        got, gradient = numbers(f, case)
    except (ArithmeticError, ValueError) as error:
        if case.py in {type(error).__name__, "complex"}:
            return []
        return [f"raises {type(error).__name__}: {error}"]
    assert {type(x) for x in flat([got, gradient])} == {float}
    compared = [("value", got, case.value, case.tol), ("grad", gradient, case.grad, case.tol)]
    if case.hess and not case.hess_stretch:
        second = hessian(f, arguments(case))
        compared.append(("hess", second, case.hess, max(case.tol, 1e-9)))
    if case.derivs:
        towers = tower(f, arguments(case)[0], len(case.derivs))
        compared.append(("derivs", towers, case.derivs, max(case.tol, 1e-9)))
    return [
        f"{what}: got {number}, expected {right}"
        for what, found, expected, tolerance in compared
        for number, right in zip(flat(found), map(float, flat(expected)), strict=True)
        if not near(number, right, tolerance, case.atol if what == "value" else 0.0)
    ]


def tower(f: Callable[[float], Scalar], x: float, height: int) -> list[Scalar]:
    """f', f'', … at x."""
    found = []
    for _ in range(height):
        f = grad(f)
        found.append(f(x))
    return found


# The tests.


@of_kind("exact", "limit")
def test_what_mathematics_says(case: Case) -> None:
    assert misses(case) == [], case.note


@of_kind("convention")
def test_what_is_recommended(case: Case) -> None:
    """Mathematics leaves it open; where fgrad decides otherwise, DIFFERENT says why."""
    missed = misses(case)
    if case.name in DIFFERENT:
        assert missed, "as recommended: no longer DIFFERENT"
    else:
        assert missed == [], case.note


@of_kind("raises")
def test_what_is_refused(case: Case) -> None:
    f = function(case)
    transformed: Any = grad(f)
    with pytest.raises(Exception, match=r"\w") as caught:
        transformed(*arguments(case))
    assert case.raises in {kind.__name__ for kind in type(caught.value).__mro__}


@of_kind("aspirational")
def test_what_floats_can_hardly_know(case: Case) -> None:
    """The true value, which plain evaluation misses: counted, and no failure."""
    missed = misses(case)
    if missed:
        pytest.skip(f"aspirational: {'; '.join(missed)}")


def test_every_case_is_run_once() -> None:
    kinds = {"exact", "limit", "convention", "raises", "aspirational"}
    assert {case.kind for case in CASES} == kinds
    assert len({case.name for case in CASES}) == len(CASES)
    assert set(DIFFERENT) <= {case.name for case in CASES if case.kind == "convention"}


@pytest.mark.parametrize(
    ("got", "expected", "is_near"),
    [
        (1.0, 1.0 + 1e-13, True),
        (1.0, 1.0 + 1e-11, False),
        (1e-13, 0.0, True),
        (1e-11, 0.0, False),
        (math.nan, math.nan, True),
        (math.nan, 1.0, False),
        (0.0, math.nan, False),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        (1e308, math.inf, False),
    ],
)
def test_the_comparison_is_no_push_over(got: float, expected: float, *, is_near: bool) -> None:
    assert near(got, expected, 1e-12) is is_near


def test_the_value_of_every_case_is_that_of_its_function() -> None:
    """Run on plain floats: fgrad's functions, and so what is differentiated, are right."""
    for case in CASES:
        if case.value is None or case.out or case.pack or case.types or missing(case.expr):
            continue
        if case.py or case.kind == "aspirational":
            continue
        plain = function(attrs.evolve(case, code=""))(*arguments(case))
        assert near(value(plain), float(case.value), case.tol, case.atol), case.name


def test_python_has_the_operators_that_are_looked_for() -> None:
    assert all(hasattr(operator, method) for method in OPERATORS.values())
