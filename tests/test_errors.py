"""Bad input: one clear error, which names what was wrong, where, and what to write instead."""

# ruff: noqa: ARG001, ARG002, ARG005 - what is wrong has every type, and is not computed with

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import attrs
import numpy as np
import pytest

import fgrad
from fgrad import dot, ldexp, polygamma

# Here it counts what they do; tests/typing has what types they take.
grad: Any = fgrad.grad
value_and_grad: Any = fgrad.value_and_grad
tree_map: Any = fgrad.tree_map


@attrs.frozen
class Layer:
    weights: Any
    bias: Any


@attrs.frozen
class Model:
    layers: Any
    name: str = "model"


@dataclass
class Point:
    x: Any


@dataclass
class Cached:
    x: Any
    cache: Any = field(init=False)


@attrs.define
class Kept:
    x: Any
    cache: Any = attrs.field(init=False)


class Pair(NamedTuple):
    first: Any
    second: Any


def one(x: Any) -> Any:
    """A function of one argument that would never complain."""
    return 0.0


def fit(params: Any, rate: Any = 0.1, *rest: Any) -> Any:
    return 0.0


def check(f: Callable[..., Any], args: tuple[Any, ...], error: type[Exception], *said: str) -> None:
    """Both transformations raise `error`, whose one line says everything in `said`."""
    for transform in (grad, value_and_grad):
        transformed: Any = transform(f)
        with pytest.raises(error) as caught:
            transformed(*args)
        message = str(caught.value)
        assert type(caught.value) is error or error is TypeError
        for text in said:
            assert text in message
        assert "\n" not in message
        assert len(message) < 250


# What cannot be differentiated.


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("3", "str '3'"),
        (None, "NoneType None"),
        (True, "bool True"),
        (np.bool_(True), "bool"),  # noqa: FBT003 - NumPy has no other literal
        (1j, "complex 1j"),
        (Decimal(3), "Decimal"),
        (np.timedelta64(3, "s"), "timedelta64"),
        ({1.0}, "set {1.0}"),
        (deque([1.0]), "deque"),
        (b"3", "bytes"),
        (object(), "object"),
        (math, "module"),
        (iter([1.0]), "list_iterator"),
        (math.sin, "builtin_function_or_method"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_an_argument_that_is_no_tree_of_floats_is_named(argument: Any, text: str) -> None:
    check(one, (argument,), TypeError, "x: expected", "float", f"got {text}")


def test_what_may_be_meant_as_a_constant_is_told_of_argnums() -> None:
    for argument in ("adam", None, True):
        check(fit, ([1.0], argument), TypeError, "rate: expected", "argnums of grad")
        for operator in (fgrad.hessian, fgrad.jacobian, fgrad.check_grad):  # which have no argnums
            with pytest.raises(TypeError, match=r"rate: .* or bind it in a lambda"):
                operator(fit)([1.0], argument)


def test_the_argument_is_named_as_the_function_names_it() -> None:
    check(fit, (None,), TypeError, "params: expected")
    check(fit, (1.0, None), TypeError, "rate: expected")
    check(fit, (1.0, 1.0, 1.0, None), TypeError, "argument 3: expected")
    check(lambda *xs: 0.0, (1.0, None), TypeError, "argument 1: expected")
    check(math.hypot, (1.0, None), TypeError, "argument 1: expected")


TEXTS = "array(['a'], dtype='<U1') of <U1"
TREE = "(a tree is of tuples, lists, dicts, attrs classes, dataclasses and NumPy arrays)"


@pytest.mark.parametrize(
    ("argument", "path"),
    [
        ([1.0, 2], "x[1]: expected float, got int 2 (write 2.0)"),
        ((1.0, (2.0, [3.0, 4])), "x[1][1][1]: expected float, got int 4 (write 4.0)"),
        ({"w": 1}, "x['w']: expected float, got int 1 (write 1.0)"),
        ({3: {"w": [1]}}, "x[3]['w'][0]: expected float, got int 1"),
        (Model([Layer((1.0,), 3)]), "x.layers[0].bias: expected float, got int 3 (write 3.0)"),
        (Point([Pair(1.0, 2)]), "x.x[0].second: expected float, got int 2 (write 2.0)"),
        (Pair([0.0], {"a": (7,)}), "x.second['a'][0]: expected float, got int 7 (write 7.0)"),
        ([1.0, 2j], "x[1]: expected float, got complex 2j (write .real and .imag of it)"),
        (
            [1.0, Decimal(2)],
            "x[1]: expected float, got Decimal Decimal('2') (write float(...) of it)",
        ),
        ([{1.0}], "x[0]: expected float, got set {1.0} (a tree is of tuples, "),
        ([1.0, OrderedDict(a=1.0)], "x[1]: expected float, got OrderedDict"),
        ([1.0, np.int64(2)], "x[1]: expected float, got int64"),
        ([1.0, np.float32(2)], "x[1]: expected float, got float32"),
        ([b"", 1.0], "x[0]: expected float, got bytes b''"),
        ([1.0, object()], "x[1]: expected float, got object"),
        ([b""], f"x[0]: expected float, got bytes b'' {TREE}"),
        ([math], f"x[0]: expected float, got module {math!r:.60} {TREE}"),
        ([math.sin, 2], "x[1]: expected float, got int 2"),
        ([[1, 1.0], 1], "x[0][0]: expected float, got int 1"),
        ([True, 1], "x[1]: expected float, got int 1"),
        ({"a": np.array([1, 2])}, "x['a']: expected float, got ndarray"),
        ([np.array([1j])], "x[0]: expected float, got ndarray"),
        ([np.array(["a"])], f"x[0]: expected float, got ndarray {TEXTS} (an array in a tree is of"),
        ([np.complex64(2j)], "x[0]: expected float, got complex64 np.complex64(2j) (write .real"),
        ([np.array([True])], "x[0]: expected float, got ndarray"),
        (np.array([1.0, 2.0, 3], dtype=object), "x.flat[2]: expected float, got int 3"),
        ([np.array([1, 2.0], dtype=object)], "x[0].flat[0]: expected float, got int 1"),
        ([np.array([7], dtype=object)], "x[0].flat[0]: expected float, got int 7"),
        ([np.array([[1.0], [7]], dtype=object)], "x[0].flat[1]: expected float, got int 7"),
    ],
    ids=lambda x: str(x)[:50],
)
def test_the_path_to_what_is_wrong_is_named(argument: Any, path: str) -> None:
    check(one, (argument,), TypeError, path)
    with pytest.raises(TypeError) as caught:
        tree_map(lambda x: x, argument)
    assert str(caught.value).startswith("tree" + path.removeprefix("x"))


@pytest.mark.parametrize("kind", [Cached, Kept])
def test_a_field_that_was_never_assigned_is_named(kind: Any) -> None:
    for argument, path in (
        (kind(1.0), "x.cache"),
        ([1.0, {"a": kind(1.0)}], "x[1]['a'].cache"),
        (Point(kind([2.0])), "x.x.cache"),
    ):
        text = f"{path}: expected float, got nothing (assign the field, it never was)"
        check(one, (argument,), TypeError, text)
    with pytest.raises(TypeError, match=r"returned\[1\].cache: expected float, got nothing"):
        value_and_grad(lambda x: (x, kind(x)), has_aux=True)(1.0)
    record = kind(3.0)
    record.cache = 2.0
    gradient = grad(lambda r: r.x * r.cache)(record)
    assert (gradient.x, gradient.cache) == (2.0, 3.0)


def test_an_array_of_integers_is_told_what_to_write() -> None:
    check(one, (np.array([1, 2]),), TypeError, "x: ", "int64", ".astype(float)")


def test_an_array_of_long_doubles_is_taken_or_named() -> None:
    """NumPy has no list of plain floats for them."""
    try:
        gradient: Any = grad(lambda a: (a * a).sum())(np.array([2.0], dtype=np.longdouble))
    except TypeError as error:
        assert str(error).startswith("a")  # noqa: PT017 - either is right
    else:
        np.testing.assert_array_equal(gradient, [4.0])


def test_a_long_text_is_cut_short() -> None:
    check(one, ("x" * 10_000,), TypeError, "str 'xxx")
    check(one, ([{*map(float, range(1000))}],), TypeError, "x[0]: expected float, got set")


# What a function may not return.


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("text", "str 'text'"),
        (None, "NoneType None"),
        (1j, "complex 1j"),
        (True, "bool True"),
        ((1.0, 2.0), "tuple (1.0, 2.0)"),
        ([1.0], "list [1.0]"),
        ({"a": 1.0}, "dict {'a': 1.0}"),
        (np.array([1.0]), "ndarray"),
        (Decimal(1), "Decimal"),
        (np.timedelta64(3, "s"), "timedelta64"),
        (math.sin, "builtin_function_or_method"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_function_that_returns_no_number_is_named(answer: Any, text: str) -> None:
    def loss(x: float) -> Any:
        return answer

    check(loss, (1.0,), TypeError, "loss returned", text, "one number")


def test_a_tuple_of_nodes_is_no_number() -> None:
    def both(x: Any) -> Any:
        return x, x * x

    check(both, (1.0,), TypeError, "both returned tuple", "one number")


def test_a_comparison_is_no_number() -> None:
    check(lambda x: x > 0, (1.0,), TypeError, "returned bool True")


def test_a_callable_without_a_name_is_named_by_its_class() -> None:
    class Loss:
        def __call__(self, x: Any) -> Any:
            return "text"

    check(Loss(), (1.0,), TypeError, "Loss returned str 'text'")


# What would lose the derivative.


@pytest.mark.parametrize(
    "f", [math.sin, math.sqrt, math.isfinite, float, lambda x: math.atan2(x, x), complex]
)
def test_functions_of_floats_are_refused_inside(f: Callable[[Any], Any]) -> None:
    check(f, (1.0,), TypeError, "fgrad.sin(x)", "math.sin(x)", "fgrad.value(x)")


def test_the_refusal_comes_from_the_line_that_is_wrong() -> None:
    def f(x: Any) -> Any:
        y = x * x
        return math.sin(y)

    with pytest.raises(TypeError) as caught:
        grad(f)(1.0)
    (line,) = [entry for entry in caught.traceback if entry.name == "f"]
    assert "math.sin(y)" in str(line.statement)


def test_an_integer_is_not_made_of_a_node() -> None:
    functions: list[Callable[[Any], Any]] = [int, range, lambda x: [1.0][x], lambda x: "a" * x]
    for f in functions:
        with pytest.raises(TypeError):
            grad(f)(1.0)


# The arguments of the transformations.


@pytest.mark.parametrize(
    ("argnums", "error", "text"),
    [
        (-1, ValueError, "-1"),
        ((0, 0), ValueError, "(0, 0)"),
        ((0, -1), ValueError, "(0, -1)"),
        ([0], TypeError, "[0]"),
        ("0", TypeError, "'0'"),
        (0.0, TypeError, "0.0"),
        (True, TypeError, "True"),
        ((0, "y"), TypeError, "(0, 'y')"),
        ((0, None), TypeError, "(0, None)"),
    ],
)
def test_argnums_that_are_none(argnums: Any, error: type[Exception], text: str) -> None:
    for transform in (grad, value_and_grad):
        with pytest.raises(error) as caught:
            transform(one, argnums=argnums)
        assert "argnums: expected" in str(caught.value)
        assert f"got {text}" in str(caught.value)


@pytest.mark.parametrize("argnums", [2, (0, 2)])
def test_argnums_beyond_the_arguments(argnums: Any) -> None:
    def f(x: Any, y: Any) -> Any:
        return x * y

    with pytest.raises(ValueError, match=r"\bf was called\b.*\bargument 2\b"):
        grad(f, argnums=argnums)(1.0, 2.0)


def test_a_call_that_does_not_fit_the_function_is_pythons_error() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        grad(lambda x, y: x * y)(1.0)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        grad(fit, argnums=0)(1.0, speed=1)


# The rows.


@pytest.mark.parametrize("x", [-8.0, -1e-300])
def test_a_power_that_is_complex_says_what_to_write(x: float) -> None:
    text = f"{x!r} ** 0.3333333333333333 is complex"
    check(lambda x: x ** (1 / 3), (x,), ValueError, "pow", text, "negative base", "(1 / 3)")
    with pytest.raises(ValueError, match="is complex"):
        fgrad.pow(x, 1 / 3)


def test_an_empty_total_and_dots_of_unequal_lengths() -> None:
    cases: list[tuple[Callable[[Any], Any], str]] = [
        (lambda x: fgrad.total([]), "total: expected at least one item"),
        (lambda x: fgrad.total(iter([])), "total: expected at least one item"),
        (lambda x: dot([x], [x, x]), "got lengths 1 and 2"),
        (lambda x: dot([x, x, x], []), "got lengths 3 and 0"),
        (lambda x: dot([], []), "at least one item"),
    ]
    for f, text in cases:
        check(f, (1.0,), ValueError, text)


@pytest.mark.parametrize("stranger", ["2", None, 1j, [1.0], (1.0,), Decimal(2)])
def test_a_row_of_no_number_names_the_row_and_the_stranger(stranger: Any) -> None:
    kind = type(stranger).__name__
    for row in ("sin", "tanh", "relu", "fabs"):
        with pytest.raises(TypeError, match=rf"{row}: expected a real number, got {kind} "):
            getattr(fgrad, row)(stranger)
    with pytest.raises(TypeError, match=f"total: expected a real number, got {kind} "):
        fgrad.total([1.0, stranger])
    with pytest.raises(TypeError, match=f"pow: expected a real number, got {kind} "):
        fgrad.pow(2.0, stranger)


def test_tree_map_of_trees_of_different_structure() -> None:
    pairs: list[tuple[Any, Any]] = [
        ((1.0, 2.0), (1.0,)),
        ((1.0, 2.0), [1.0, 2.0]),
        ({"a": 1.0}, {"b": 1.0}),
        ((1.0, None), (1.0, 2.0)),
        ((1.0, "a"), (1.0, "b")),
        ((1.0, None), ("leaf", None)),
        (Layer(1.0, 2.0), Pair(1.0, 2.0)),
        ([(1.0, 2.0)], [1.0, 2.0]),
    ]
    for one_tree, other in pairs:
        with pytest.raises(ValueError, match="different structure"):
            tree_map(lambda x, y: x, one_tree, other)
        with pytest.raises(ValueError, match="different structure"):
            tree_map(lambda x, y: x, other, one_tree)


@pytest.mark.parametrize(("order", "x"), [(1e16, 2.0), (-1.0, 2.0), (1.5, 2.0), (math.inf, 2.0)])
def test_polygamma_has_whole_orders_only(order: float, x: float) -> None:
    with pytest.raises(ValueError, match="expected a whole order from 0 to 150, got"):
        polygamma(order, x)


@pytest.mark.parametrize("exponent", [0.5, math.inf, math.nan])
def test_ldexp_has_whole_exponents_only(exponent: float) -> None:
    with pytest.raises(ValueError, match="ldexp: expected a whole exponent, got"):
        ldexp(1.0, exponent)
