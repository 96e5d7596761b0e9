"""What a gradient costs: operations, counted, not timed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import pytest

import fgrad
from fgrad import TABLE, Node, atan, atan2, cosh, erf, exp, log, sin, sinh, softplus, tanh
from fgrad.codegen import expressions
from fgrad.graph import ancestors

if TYPE_CHECKING:
    from fgrad.primitive import Primitive

# Handed lambdas of anything: what types these have is tested in tests/typing.
dot: Any = fgrad.dot
grad: Any = fgrad.grad
hvp: Any = fgrad.hvp
jacobian: Any = fgrad.jacobian
jvp: Any = fgrad.jvp
linearize: Any = fgrad.linearize
vjp: Any = fgrad.vjp


def operations(primitive: Primitive, count: int) -> int:
    """The arithmetic operations and function calls in a row's value, of `count` operands."""
    return 2 * count - 1 if primitive.name == "dot" else max(1, count - 1)


def spelled(text: str) -> int:
    """The operations that a partial, as it is written, makes: those on both sides of a choice.

    A row of the table is one, as it is in a function; a change of sign is none.
    """
    rows = sum(name in TABLE for name in re.findall(r"(\w+)\(", text))
    signs = sum(text.count(f" {sign} ") for sign in ("+", "-", "*", "/", "**", "//", "%"))
    return rows + signs


def cost_of_function(root: Node, first: int) -> int:
    """The operations that made the graph beneath a root."""
    return sum(
        operations(node.primitive, len(node.operands))
        for node in ancestors(root, first=first)
        if node.index > first and node.operands
    )


def cost_of_sweep(root: Node, first: int) -> int:
    """The operations of a reverse sweep: a partial and a product for each use of a node.

    And a sum for each use but the first, which is only noted. A partial of 1 or -1 is no product.
    """
    cost = 0
    reached: set[int] = set()
    for node in ancestors(root, first=first):
        columns = expressions(node.primitive)
        blocks = node.primitive.blocks
        for place, operand in enumerate(node.operands):
            if not isinstance(operand, Node):
                continue
            column = columns[place * blocks // len(node.operands) if blocks else place]
            unit = column.text in {"1.0", "-1.0"}
            cost += spelled(column.text) + (0 if unit else 1) + (operand.index in reached)
            reached.add(operand.index)
    return cost


def graph_of(f: Callable[[Any], Any], at: Sequence[float]) -> tuple[Node, int]:
    """The root of a function's graph, and the index of its first leaf."""
    kept: list[Any] = []

    def keep(xs: Any) -> Any:
        kept[:] = [f(xs), xs[0].index]
        return kept[0]

    grad(keep)(list(at))
    return kept[0], kept[1]


def polynomial(xs: Sequence[Any]) -> Any:
    y = xs[0]
    for _ in range(50):
        y = y * xs[1] + xs[0] * y - xs[2]
    return y


def rational(xs: Sequence[Any]) -> Any:
    y = xs[0]
    for _ in range(50):
        y = (y / xs[1] + xs[0]) / (y * y + 1.5)
    return y


def transcendental(xs: Sequence[Any]) -> Any:
    y = xs[0]
    for _ in range(30):
        y = sin(y * xs[1]) + exp(-y * y) * log(y * y + 2) - tanh(xs[2] + y)
    return y


def hyperbolic(xs: Sequence[Any]) -> Any:
    """Rows of which the slope is another row."""
    y = xs[0]
    for _ in range(30):
        y = tanh(sinh(atan2(y, xs[1]))) + atan(cosh(erf(y) * xs[2])) - softplus(y)
    return y


def network(xs: Sequence[Any]) -> Any:
    rng = random.Random(1)
    layer = list(xs)
    for _ in range(4):
        weights = [[rng.uniform(-1, 1) for _ in layer] for _ in range(8)]
        layer = [tanh(dot(row, layer)) for row in weights]
    return dot(layer, layer)


FUNCTIONS: Final = (polynomial, rational, transcendental, hyperbolic, network)
AT: Final = (0.7, 1.1, 0.4)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_gradient_is_at_most_four_times_the_function_or_five_with_divisions(
    f: Callable[[Any], Any],
) -> None:
    """The function's own run included (the cheap gradient principle)."""
    root, first = graph_of(f, AT)
    function = cost_of_function(root, first)
    assert function > 50
    divisions = any(node.primitive.name == "div" for node in ancestors(root, first=first))
    assert function + cost_of_sweep(root, first) <= (5 if divisions else 4) * function


# Growth.


def wide(count: int) -> Callable[[Sequence[Any]], Any]:
    """A function of many numbers, each of which it uses a few times."""

    def f(xs: Sequence[Any]) -> Any:
        y = xs[0]
        for i in range(1, count):
            y = sin(y) * xs[i] + xs[i - 1]
        return y

    return f


def size(f: Callable[[Any], Any], at: Sequence[float]) -> int:
    root, first = graph_of(f, at)
    return len(ancestors(root, first=first))


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_the_cost_of_a_gradient_does_not_depend_on_the_number_of_variables(count: int) -> None:
    """Per node of the function's graph it is the same however many variables there are."""
    f, at = wide(count), [0.5 + 1 / (i + 2) for i in range(count)]
    root, first = graph_of(f, at)
    function = cost_of_function(root, first)
    assert function + cost_of_sweep(root, first) <= 4 * function


def test_the_function_runs_once_for_all_its_derivatives() -> None:
    runs: list[int] = []

    def f(xs: Sequence[Any]) -> Any:
        runs.append(1)
        return wide(20)(xs)

    at = [0.5] * 20
    operators: Sequence[Callable[[], object]] = (
        lambda: grad(f)(at),
        lambda: jvp(f, at, at),
        lambda: vjp(f, at),
        lambda: linearize(f, at),
        lambda: jacobian(lambda xs: [f(xs)])(at),
        lambda: hvp(f, at, at),
    )
    for operator in operators:
        runs.clear()
        operator()
        assert runs == [1]


def test_the_graph_of_a_gradient_is_a_few_times_that_of_the_function() -> None:
    """As nodes: what a second differentiation walks over. Linear, so at every order."""
    sizes = []
    for count in (50, 100, 200):
        f, at = wide(count), [0.5 + 1 / (i + 2) for i in range(count)]
        slope = grad(f)
        nodes = size(lambda xs, slope=slope: dot(slope(xs), xs), at)  # type: ignore[misc]
        assert nodes <= 8 * size(f, at)
        sizes.append(nodes)
    assert sizes[2] / sizes[1] == pytest.approx(2.0, rel=0.05)
    assert sizes[1] / sizes[0] == pytest.approx(2.0, rel=0.05)


def test_a_diamond_costs_what_its_nodes_cost() -> None:
    def f(xs: Sequence[Any]) -> Any:
        y = xs[0]
        for _ in range(60):
            y = y + y
        return y

    root, first = graph_of(f, [1.0])
    assert cost_of_function(root, first) == 60
    assert cost_of_sweep(root, first) == 60


def test_every_row_that_a_slope_uses_is_counted() -> None:
    """By its whole name: acos is not cos."""
    one = ("sech_squared(x)", "inversion(y, x)", "(-sin(x))", "acos(x)", "(1.0 + x)", "gaussian(x)")
    assert [spelled(text) for text in one] == [1] * len(one)
    assert spelled("quotient(1.0, hypotenuse(1.0, x))") == 2
    root, first = graph_of(lambda xs: tanh(xs[0]), [0.5])
    assert cost_of_function(root, first) == 1
    assert cost_of_sweep(root, first) == 2  # sech_squared and a product


def test_the_counting_counts() -> None:
    root, first = graph_of(lambda xs: xs[0] * xs[1] + sin(xs[0]) / 2.0, [0.5, 0.7])
    assert cost_of_function(root, first) == 4
    # mul: 2 products; add: nothing; sin: cos and a product; div: a quotient and a product; and
    # one sum, for x has two uses
    assert cost_of_sweep(root, first) == 2 + 0 + 2 + 2 + 1
