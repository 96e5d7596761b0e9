"""The graph: what a node is, what it can be computed with, and what it refuses."""

from __future__ import annotations

import copy
import gc
import inspect
import math
import operator
import pickle
import pydoc
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import pytest
from attrs.exceptions import FrozenInstanceError

import fgrad
from fgrad import Node, Scalar, grad, value
from fgrad.calculus import TABLE
from fgrad.exercise import Value
from fgrad.graph import LEAF, ancestors, leaf
from fgrad.primitive import Unary

NUMBERS: list[Any] = [
    2.0,
    3,
    True,
    Fraction(1, 2),
    10**20,
    np.float64(2.5),
    np.float32(1.5),
    np.float16(0.5),
    np.longdouble(1.25),
    np.int64(3),
    np.uint8(3),
    np.bool_(True),  # noqa: FBT003 - NumPy has no other literal
]
"""Every kind of real number that an operator takes beside a node."""

STRANGERS: list[Any] = [
    "2",
    None,
    1j,
    Decimal(2),
    [1.0],
    (1.0,),
    {},
    object(),
    math,
    np.array([1.0, 2.0]),
    np.array(1.0),
    np.complex128(1),
    np.timedelta64(3, "s"),
    np.datetime64(3, "s"),
    b"",
]
"""What is no real number."""

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
}
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]

every_operator = pytest.mark.parametrize(("name", "apply"), OPERATORS.items(), ids=list(OPERATORS))


def kind(x: object) -> str:
    return f"{type(x).__module__}.{type(x).__name__}"


every_number = pytest.mark.parametrize("number", NUMBERS, ids=kind)
every_stranger = pytest.mark.parametrize("stranger", STRANGERS, ids=kind)


# What a node is.


def test_a_node_holds_a_value_a_primitive_operands_and_an_index() -> None:
    x, y = leaf(3.0), leaf(4.0)
    z = x * y
    assert attrs.has(Node)
    assert [field.name for field in attrs.fields(Node)] == [
        "value",
        "primitive",
        "operands",
        "index",
    ]
    assert (z.value, z.primitive) == (12.0, TABLE["mul"])
    assert z.operands[0] is x
    assert z.operands[1] is y
    assert x.primitive is LEAF
    assert x.operands == ()


@pytest.mark.parametrize("name", ["value", "primitive", "operands", "index", "grad"])
@pytest.mark.parametrize("made", [leaf, lambda x: leaf(x) + 1.0], ids=["leaf", "answer"])
def test_a_node_is_frozen(made: Callable[[float], Node], name: str) -> None:
    """Those that are made quickly too: they are genuine nodes once made."""
    node = made(3.0)
    assert type(node) is Node
    with pytest.raises(FrozenInstanceError):
        setattr(node, name, 1.0)
    with pytest.raises(FrozenInstanceError):
        delattr(node, name)
    assert not hasattr(node, "__dict__")


def test_a_node_by_its_constructor_is_what_arithmetic_makes() -> None:
    x = leaf(3.0)
    made = Node(9.0, TABLE["mul"], (x, x), x.index + 1)
    assert type(made) is type(x * x)
    assert (made + 1.0).value == 10.0
    with pytest.raises(FrozenInstanceError):
        made.value = 1.0  # type: ignore[misc]  # that is the point


def test_nothing_else_is_a_node() -> None:
    """The class stays closed: no half-made relative of Node is ever seen."""
    x = leaf(1.0)
    assert type(x).__mro__ == Node.__mro__
    gc.collect()  # or one that was refused may still be there
    assert Node.__subclasses__() == []


def test_an_index_is_larger_than_those_of_the_operands() -> None:
    x = leaf(0.3)
    y = fgrad.sin(x) * x + fgrad.dot([x, x, x], [x, 2.0, 3.0]) / -x
    nodes = ancestors(y)
    assert [node.index for node in nodes] == sorted({node.index for node in nodes})
    for node in nodes:
        below = [operand.index for operand in node.operands if isinstance(operand, Node)]
        assert all(index < node.index for index in below)
    assert nodes[0] is x
    assert nodes[-1] is y


def test_indices_only_grow() -> None:
    nodes = [leaf(1.0) for _ in range(100)]
    assert all(x.index < y.index for x, y in pairwise(nodes))


def test_ancestors_from_an_index_on_leave_out_what_is_older() -> None:
    x = leaf(2.0)
    old = x * x
    new = old + 1.0
    root = new * old
    assert list(map(id, ancestors(root, first=new.index))) == [id(new), id(root)]
    assert list(map(id, ancestors(root))) == [id(x), id(old), id(new), id(root)]


def test_an_operand_used_twice_is_one_node() -> None:
    x = leaf(2.0)
    assert len(ancestors(x * x + x)) == 3


# Arithmetic.


@every_operator
@every_number
def test_a_number_on_either_side_gives_a_node(
    name: str, apply: Callable[[Any, Any], Any], number: Any
) -> None:
    """Its value is that of Python on floats, and the number became a plain float operand."""
    x, plain = leaf(0.75), float(number)
    for node, expected, operands in (
        (apply(x, number), apply(0.75, plain), (x, plain)),
        (apply(number, x), apply(plain, 0.75), (plain, x)),
    ):
        assert type(node) is Node
        assert type(node.value) is float
        assert node.value == expected
        assert node.primitive is TABLE[name]
        assert [type(operand) for operand in node.operands] == [type(o) for o in operands]
        assert node.operands == operands


@every_operator
def test_two_nodes_give_a_node(name: str, apply: Callable[[Any, Any], Any]) -> None:
    x, y = leaf(3.0), leaf(4.0)
    z = apply(x, y)
    assert (type(z), z.value, z.primitive) == (Node, apply(3.0, 4.0), TABLE[name])
    assert [id(operand) for operand in z.operands] == [id(x), id(y)]


@every_operator
@every_stranger
def test_what_is_no_real_number_is_left_to_python(
    name: str, apply: Callable[[Any, Any], Any], stranger: Any
) -> None:
    """The methods say NotImplemented, so Python tries the other side and then raises."""
    x = leaf(2.0)
    special = {"div": "truediv"}.get(name, name)
    assert getattr(x, f"__{special}__")(stranger) is NotImplemented
    assert getattr(x, f"__r{special}__")(stranger) is NotImplemented
    with pytest.raises(TypeError):
        apply(x, stranger)
    with pytest.raises(TypeError):
        apply(stranger, x)


def test_a_stranger_that_knows_nodes_is_asked() -> None:
    class Money:
        def __radd__(self, other: object) -> str:
            return f"money beside {other!r}"

        def __mul__(self, other: object) -> str:
            return "money"

    x: Any = leaf(2.0)
    assert x + Money() == "money beside Node(2.0, leaf)"
    assert Money() * x == "money"


@every_stranger
@pytest.mark.parametrize("name", ["pow", "where", "dot", "total"])
def test_a_row_given_what_is_no_real_number_beside_a_node_is_a_type_error(
    name: str, stranger: Any
) -> None:
    x, row = leaf(2.0), getattr(fgrad, name)
    calls: dict[str, list[tuple[Any, ...]]] = {
        "pow": [(x, stranger), (stranger, x)],
        "where": [(True, x, stranger), (False, stranger, x)],
        "dot": [([x], [stranger]), ([stranger, 1.0], [x, x])],
        "total": [([x, stranger],), ([stranger, x],)],
    }
    for operands in calls[name]:
        with pytest.raises(TypeError, match=rf"\b{type(stranger).__name__}\b"):
            row(*operands)


@every_number
def test_every_row_takes_every_real_number_and_gives_a_float(number: Any) -> None:
    for name in ("sin", "tanh", "sqrt", "log", "relu", "fabs", "sigmoid", "softplus"):
        row = getattr(fgrad, name)
        assert type(row(number)) is float
        assert row(number) == row(float(number))
    assert type(fgrad.pow(number, 2)) is float
    assert type(fgrad.total([number, 1])) is float
    assert type(fgrad.hypot(number, 1)) is float
    assert type(fgrad.dot([number], [2])) is float
    assert type(fgrad.where(number > 1, number, 0)) is float
    x = leaf(2.0)
    for node in (
        fgrad.pow(x / 2, number),
        fgrad.pow(number, x),
        fgrad.hypot(x, number),
        fgrad.total([number, x]),
        fgrad.dot([x, 1], [number, number]),
        fgrad.where(number, x, number),
    ):
        assert type(node) is Node
        assert {type(operand) for operand in node.operands} <= {float, Node}
        assert type(node.value) is float


def test_a_numpy_bool_chooses() -> None:
    x = leaf(2.0)
    condition: Any = np.float64(1.0) > 0
    node = fgrad.where(condition, x, 0.0)
    assert value(node) == 2.0


def test_negation_plus_and_abs() -> None:
    x = leaf(-3.0)
    assert (-x).value == 3.0
    assert +x is x
    assert abs(x).value == 3.0
    assert abs(x).primitive is TABLE["fabs"]
    assert (-x).primitive is TABLE["neg"]


def test_augmented_assignment_rebinds_and_changes_nothing() -> None:
    x = leaf(3.0)
    t = x
    t += 1
    t -= 0.5
    t *= 2
    t /= 4
    t **= 2
    assert t.value == ((3.0 + 1 - 0.5) * 2 / 4) ** 2
    assert x.value == 3.0


def test_sum_and_prod_begin_from_an_int_and_leave_no_dead_node() -> None:
    """The 0 of `sum` is an operand, no leaf: the only leaves are those that are summed."""
    xs = [leaf(1.0), leaf(2.0), leaf(3.0)]
    for root, expected in ((sum(xs), 6.0), (math.prod(xs), 6.0)):
        assert type(root) is Node
        assert root.value == expected
        nodes = ancestors(root)
        assert len(nodes) <= 6
        assert [id(x) for x in nodes if not x.operands] == [id(x) for x in xs]


def test_a_power_of_three_arguments_is_refused() -> None:
    with pytest.raises(TypeError):
        pow(leaf(2.0), 2, 5)  # type: ignore[call-overload]  # that is the point


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: 1 / (x - 2),
        lambda x: (x - 2) ** -1,
        lambda x: 10.0 ** (x * 1000),
        lambda x: fgrad.exp(x * 1000),
        lambda x: fgrad.log(x - 2),
        lambda x: fgrad.log(-x),
        lambda x: fgrad.sqrt(-x),
        lambda x: x * 10**400,
    ],
)
def test_a_node_raises_what_a_float_raises(compute: Callable[[Any], Any]) -> None:
    with pytest.raises((ArithmeticError, ValueError)) as of_float:
        compute(2.0)
    with pytest.raises(of_float.type) as of_node:
        compute(leaf(2.0))
    assert str(of_node.value) == str(of_float.value)


def test_zero_powers_raise_what_python_raises() -> None:
    """Division by zero and the zero to a negative power have the words of Python's floats."""
    functions: list[Callable[[Any], Any]] = [lambda x: 1 / x, lambda x: x**-1.0, lambda x: x / x]
    for compute in functions:
        with pytest.raises(ZeroDivisionError) as of_float:
            compute(0.0)
        with pytest.raises(ZeroDivisionError) as of_node:
            compute(leaf(0.0))
        assert str(of_node.value) == str(of_float.value)


# What would lose a derivative.


@pytest.mark.parametrize("name", ["__float__", "__index__", "__int__", "__complex__"])
def test_a_node_has_no_way_to_a_plain_number(name: str) -> None:
    assert not hasattr(Node, name)
    assert not hasattr(leaf(1.0), name)


@pytest.mark.parametrize("f", [float, math.sin, math.sqrt, math.isnan, complex])
def test_a_function_of_floats_refuses_a_node_and_says_what_to_write(
    f: Callable[[Any], object],
) -> None:
    with pytest.raises(TypeError, match=r"fgrad\.sin\(x\).*math\.sin\(x\)") as refusal:
        f(leaf(1.0))
    assert "fgrad.value" in str(refusal.value)


@pytest.mark.parametrize("f", [int, operator.index, range, chr, [1.0].__getitem__, bytes])
def test_an_integer_is_not_made_of_a_node(f: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError):
        f(leaf(0.0))


def test_the_refusal_does_not_disturb_who_looks_at_the_class() -> None:
    """`help` and the debuggers ask for every attribute."""
    assert "Node" in pydoc.render_doc(Node)
    assert "value" in dict(inspect.getmembers(leaf(1.0)))
    assert "__add__" in dir(leaf(1.0))


def test_an_array_beside_a_node_is_refused_whole() -> None:
    """NumPy must not make an array of nodes of it."""
    x: Any = leaf(2.0)
    array = np.array([1.0, 2.0])
    for apply in OPERATORS.values():
        with pytest.raises(TypeError):
            apply(array, x)
        with pytest.raises(TypeError):
            apply(x, array)


# Comparison and identity.


@pytest.mark.parametrize("compare", COMPARISONS)
@pytest.mark.parametrize("other", [1.0, 2.0, 3.0, math.nan, -0.0, math.inf])
def test_comparisons_compare_values(compare: Callable[[Any, Any], bool], other: float) -> None:
    x = leaf(2.0)
    for a, b in ((x, leaf(other)), (x, other)):
        assert compare(a, b) is compare(2.0, other)
        assert compare(b, a) is compare(other, 2.0)


@pytest.mark.parametrize("compare", COMPARISONS)
@every_number
def test_every_number_compares_with_a_node(compare: Callable[[Any, Any], Any], number: Any) -> None:
    x = leaf(2.0)
    assert bool(compare(x, number)) is bool(compare(2.0, number))
    assert bool(compare(number, x)) is bool(compare(number, 2.0))


def test_comparisons_chain_and_sort_and_choose() -> None:
    x, y, z = leaf(3.0), leaf(1.0), leaf(2.0)
    assert 1 < x <= 3
    assert not 1 < x < 3
    assert [id(node) for node in sorted([x, y, z])] == [id(y), id(z), id(x)]
    assert max(x, y) is x
    assert min(x, y) is y
    assert max(x, 3.0) is x


def test_a_node_is_true_as_its_value_is() -> None:
    assert leaf(0.1)
    assert leaf(math.nan)
    assert not leaf(0.0)
    assert not leaf(-0.0)


def test_a_node_is_no_equal_of_what_is_no_number() -> None:
    x: Any = leaf(2.0)
    assert x != "2.0"
    assert x != None  # noqa: E711 - the operator is what is tested
    assert x not in ["a", None, ()]


def test_order_with_a_stranger_is_a_type_error() -> None:
    x: Any = leaf(2.0)
    with pytest.raises(TypeError):
        assert x < "2"


def test_hashing_goes_by_identity() -> None:
    """Two nodes of one value are two variables, so two keys of a dictionary."""
    x, y = leaf(2.0), leaf(2.0)
    assert x == y
    assert hash(x) == hash(x)
    assert hash(x) == object.__hash__(x)
    names = {id(x): "x", id(y): "y"}
    assert len({x, leaf(3.0), x}) == 2
    assert len(names) == 2
    assert {x: "x"}[x] == "x"


def test_isinstance_tells_a_node_from_a_float() -> None:
    x: Scalar = leaf(2.0)
    assert isinstance(x, Node)
    assert not isinstance(x, float)
    assert value(x) == 2.0
    assert value(2.0) == 2.0
    assert type(value(x)) is float


@pytest.mark.parametrize("one", [leaf(1.0), Value(1)])
def test_an_operator_goes_by_its_name_in_a_traceback(one: Any) -> None:
    calls: dict[str, Callable[[], object]] = {
        "__truediv__": lambda: one / 0.0,
        "__rtruediv__": lambda: 1.0 / (one - one),
        "__rpow__": lambda: 0.0 ** (one - 2.0),
    }
    for name, call in calls.items():
        with pytest.raises(ZeroDivisionError) as caught:
            call()
        assert name in [frame.name for frame in caught.traceback]
        assert f"<fgrad: {name}>" in [str(frame.path) for frame in caught.traceback]


# Text, copies, pickles.


def test_a_repr_is_bounded_and_says_value_and_primitive() -> None:
    x = leaf(3.0)
    assert repr(x) == "Node(3.0, leaf)"
    y = x
    for _ in range(100):
        y = y * 1.5 + x
    assert repr(y) == f"Node({y.value!r}, add)"
    assert len(repr(fgrad.total([x] * 10_000))) < 60
    assert str(x) == repr(x)


def test_a_copy_is_the_node_itself() -> None:
    x = leaf(3.0)
    y = x * x
    assert copy.copy(y) is y
    assert copy.deepcopy(y) is y
    assert copy.deepcopy([y, {"x": x}])[0] is y


def shape(node: Node) -> list[tuple[str, float, list[object]]]:
    """A graph as values: what two equal graphs agree in."""
    nodes = ancestors(node)
    place = {id(x): i for i, x in enumerate(nodes)}
    return [
        (
            x.primitive.name,
            x.value,
            [("node", place[id(o)]) if isinstance(o, Node) else o for o in x.operands],
        )
        for x in nodes
    ]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_graph_comes_back_whole(protocol: int) -> None:
    x, y = leaf(0.3), leaf(0.4)
    z = x * y
    for row in TABLE.values():
        if isinstance(row, Unary):
            inside = 0.5 + fgrad.sigmoid(z) if 1.1 in row.domain[0] else fgrad.sigmoid(z) / 2
            z = z + row(inside)
    mixed: list[Scalar] = [x, 2.0, z]
    z = fgrad.dot([x, y, z], mixed) / (x**2 - 3) + abs(-fgrad.total([x, z]))
    z = fgrad.where(z > 0, z, x)
    back: Any = pickle.loads(pickle.dumps(z, protocol))  # noqa: S301 - our own
    assert type(back) is Node
    assert shape(back) == shape(z)
    assert [node.primitive for node in ancestors(back)] == [n.primitive for n in ancestors(z)]
    with pytest.raises(FrozenInstanceError):
        back.value = 1.0  # type: ignore[misc]  # that is the point
    assert back.index > z.index


def test_a_pickled_graph_can_be_built_upon() -> None:
    x = leaf(0.3)
    back: Node = pickle.loads(pickle.dumps(x * x))  # noqa: S301 - our own
    assert (back + 1.0).index > back.index
    assert all(a.index < b.index for a, b in pairwise(ancestors(back * back)))


def test_graphs_in_one_pickle_share_their_leaves() -> None:
    x = leaf(0.3)
    back = pickle.loads(pickle.dumps([x, x + 1.0, x * 2.0]))  # noqa: S301 - our own
    assert back[1].operands[0] is back[0]
    assert back[2].operands[0] is back[0]


def test_graphs_in_one_pickle_share_what_was_computed() -> None:
    x = leaf(3.0)
    nodes = [x]
    for _ in range(10):
        nodes.append(nodes[-1] * x + nodes[0])
    for some in (nodes, nodes[::-1], [nodes[7], (nodes[3], nodes[9])]):
        back: Any = pickle.loads(pickle.dumps(some))  # noqa: S301 - our own
        flat = [*back[:-1], *back[-1]] if isinstance(back[-1], tuple) else back
        found = {node.value: node for node in ancestors(*flat)}
        assert len(ancestors(*flat)) == len(found)
        assert all(node is found[node.value] for node in flat)


def test_a_graph_in_two_pickles_is_two_graphs() -> None:
    y = leaf(3.0) * 2.0
    text = pickle.dumps(y)
    first, second = pickle.loads(text), pickle.loads(text)  # noqa: S301 - our own
    assert first is not second
    assert first.operands[0] is not second.operands[0]


def test_a_node_of_a_nested_differentiation_can_be_pickled() -> None:
    found: list[Scalar] = []

    def inner(y: Scalar) -> Scalar:
        back = pickle.loads(pickle.dumps(y * y))  # noqa: S301 - our own
        found.append(back)
        return y * y

    assert grad(grad(inner))(3.0) == 2.0
    assert value(found[0]) == 9.0


def test_every_row_pickles_and_copies_to_itself() -> None:
    for row in TABLE.values():
        assert pickle.loads(pickle.dumps(row)) is row  # noqa: S301 - our own
        assert copy.copy(row) is row
        assert copy.deepcopy(row) is row
        assert row.name in repr(row)


class Stranger:
    """What no number is."""


@pytest.mark.parametrize("make", [leaf, Value])
@pytest.mark.parametrize("other", ["a", None, 1j, np.array([1.0, 2.0]), [1.0], Stranger()])
def test_what_is_no_number_does_not_compare(make: Callable[[float], Any], other: Any) -> None:
    x = make(2.0)
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError, match=type(x).__name__):
            compare(x, other)
    assert (x == other) is False
    assert (x != other) is True


def test_a_node_and_a_value_do_not_compare() -> None:
    with pytest.raises(TypeError):
        _ = leaf(2.0) < Value(2.0)  # type: ignore[operator]  # the point
    with pytest.raises(TypeError):
        _ = Value(2.0) < leaf(2.0)  # type: ignore[operator]  # the point


def test_a_comparison_with_numpy_is_a_bool() -> None:
    outcomes: list[object] = [leaf(2.0) < np.float32(3), leaf(2.0) == np.int8(2)]
    outcomes.append(Value(2.0) < np.float32(3))
    assert list(map(repr, outcomes)) == ["True"] * 3
