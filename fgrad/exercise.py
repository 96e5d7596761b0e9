"""The exercise: a mutable value that remembers its gradient, and networks made of such values.

`Value` is a thin face of the frozen graph: it holds a node, adds what the reverse sweep finds to
its `grad`, and lets training code assign `data` and `grad`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Final, TypeAlias, final

from fgrad import calculus, nn
from fgrad.arithmetic import Arithmetic, Number
from fgrad.codegen import compile_function
from fgrad.graph import FILL, MAKERS, Node, leaf, plain
from fgrad.primitive import Primitive, as_float, to_float
from fgrad.reverse import sweep
from fgrad.tree import flatten, unflatten

__all__ = ["MLP", "Layer", "Neuron", "Value"]


@final
class Value(Arithmetic):
    """A number with a gradient, as the exercise has it.

    data: a real number; kept as a float.
    name: what pictures call it.

    Arithmetic on values and real numbers gives values; comparisons compare `data`; equality and
    hash go by identity. A copy is independent: `deepcopy` and pickle copy a computed value with
    everything beneath it, so a copied network has parameters of its own.

    >>> x = Value(3)
    >>> y = (x * 4 + 5) * 2
    >>> y.backwards()
    >>> y, x
    (Value(data=34.0, grad=1.0), Value(data=3.0, grad=8.0))
    """

    __slots__ = ("grad", "name", "node", "operands")

    grad: float
    """The sum of what each `backwards()` found; 0.0 before the first. It may be assigned."""
    name: str | None
    node: Node
    """The frozen node that holds the number; assigning `data` puts a new one in its place."""
    operands: tuple[Value | float, ...]
    """What the value was computed from, in step with the operands of its node."""

    __array_ufunc__ = None

    def __init__(self, data: Number, name: str | None = None) -> None:
        self.node = leaf(to_float(data, "data"))
        self.grad = 0.0
        self.name = name
        self.operands = ()

    @property
    def data(self) -> float:
        """The number. That of a leaf may be assigned: graphs built before keep the old one."""
        return self.node.value

    @data.setter
    def data(self, data: Number) -> None:
        if self.operands:
            message = (
                f"the data of {self!r} was computed ({self.node.primitive.name}) and cannot be "
                "assigned: assign to a Value that was made from a number, and compute again"
            )
            raise AttributeError(message)
        self.node = leaf(to_float(data, "data"))

    @property
    def children(self) -> tuple[Value, ...]:
        """The operands that are Values; empty on a leaf."""
        return tuple([x for x in self.operands if isinstance(x, Value)])

    def bind(self, primitive: Primitive, operands: Sequence[object]) -> Value:
        """The value of `primitive` applied to `operands`, each a Value or a real number."""
        taken = [x if isinstance(x, (Value, float)) else as_float(x) for x in operands]
        mine = tuple([x for x in taken if x is not None])
        if len(mine) < len(taken):
            return NotImplemented  # type: ignore[no-any-return]  # as operators answer
        nodes = [x.node if isinstance(x, Value) else x for x in mine]
        return _made(self.node.bind(primitive, nodes), mine)

    def backwards(self) -> None:
        """Add d self / d value to the `grad` of every Value beneath, and 1.0 to its own.

        A second call adds the same again. Set each `grad` to 0.0 to begin anew.
        """
        found = _beneath(self)
        first = min(map(_INDEX, found))
        cotangents, _ = sweep([(self.node, 1.0)], first)
        for node, value in found.items():
            cotangent = cotangents[node.index - first]
            if cotangent is not None:
                value.grad += plain(cotangent)

    backward = backwards

    def __lt__(self, other: Value | Number) -> bool:
        return self.data < _number(other)

    def __le__(self, other: Value | Number) -> bool:
        return self.data <= _number(other)

    def __gt__(self, other: Value | Number) -> bool:
        return self.data > _number(other)

    def __ge__(self, other: Value | Number) -> bool:
        return self.data >= _number(other)

    def __repr__(self) -> str:
        return f"Value(data={self.data!r}, grad={self.grad!r})"

    def __copy__(self) -> Value:
        return _made(self.node, self.operands, self.grad, self.name)

    def __deepcopy__(self, memo: dict[int, object]) -> Value:
        for value in _beneath(self).values():
            if id(value) not in memo:
                memo[id(value)] = _made(value.node, value.operands, value.grad, value.name)
        copies = [memo[id(value)] for value in _beneath(self).values()]
        for copied in copies:
            if isinstance(copied, Value):
                copied.operands = tuple([_copied(x, memo) for x in copied.operands])
        return copies[0]  # type: ignore[return-value]  # the copy of self, which comes first

    def __reduce__(self) -> tuple[Callable[..., Value], tuple[object, ...]]:
        if not self.operands:
            return _leaf, (self.data, self.grad, self.name)
        return _rebuilt, (_rows(self),)

    def draw(
        self, path: str | Path, *, names: Mapping[str, Value] | None = None, limit: int = 200
    ) -> None:
        """Write a picture of the graph beneath to a file: .svg, .dot or .mmd, as its name ends.

        names: what to call values that have no name of their own. limit: the most nodes to draw.
        """
        from fgrad.draw import picture

        picture(self, names=names, limit=limit).save(path)

    def _repr_svg_(self) -> str | None:
        """What a notebook shows; None, and so the text, for a graph too large to draw."""
        from fgrad.draw import picture

        try:
            return picture(self)._repr_svg_()
        except ValueError:
            return None

    tanh = calculus.tanh
    exp, log, sqrt, cbrt = calculus.exp, calculus.log, calculus.sqrt, calculus.cbrt
    sin, cos, tan = calculus.sin, calculus.cos, calculus.tan
    asin, acos, atan = calculus.asin, calculus.acos, calculus.atan
    sinh, cosh = calculus.sinh, calculus.cosh
    asinh, acosh, atanh = calculus.asinh, calculus.acosh, calculus.atanh
    exp2, expm1, log1p = calculus.exp2, calculus.expm1, calculus.log1p
    log2, log10 = calculus.log2, calculus.log10
    erf, erfc, gamma, lgamma = calculus.erf, calculus.erfc, calculus.gamma, calculus.lgamma
    sigmoid, softplus, relu = calculus.sigmoid, calculus.softplus, calculus.relu
    fabs, sign, constant, neg = calculus.fabs, calculus.sign, calculus.constant, calculus.neg
    floor, ceil, trunc, round = calculus.floor, calculus.ceil, calculus.trunc, calculus.round
    degrees, radians = calculus.degrees, calculus.radians


_INDEX: Final = attrgetter("index")


def _number(x: Value | Number) -> Number:
    return x.data if isinstance(x, Value) else x


def _made(
    node: Node, operands: tuple[Value | float, ...], grad: float = 0.0, name: str | None = None
) -> Value:
    value = Value.__new__(Value)
    value.node = node
    value.grad = grad
    value.name = name
    value.operands = operands
    return value


def _beneath(root: Value) -> dict[Node, Value]:
    """The Value that each node beneath `root` belongs to, `root` first.

    The node is the one in the graph: a leaf may since have been given another.
    """
    found = {root.node: root}
    pending = [root]
    for value in pending:
        for operand, child in zip(value.node.operands, value.operands, strict=True):
            if isinstance(child, Value) and isinstance(operand, Node) and operand not in found:
                found[operand] = child
                if child.operands:
                    pending.append(child)
    return found


def _copied(operand: Value | float, memo: Mapping[int, object]) -> Value | float:
    """The copy of an operand; one that is a copy already, or a number, is its own."""
    copied = memo.get(id(operand), operand)
    return copied if isinstance(copied, Value) else operand


_Row: TypeAlias = (
    "tuple[Value, float] | tuple[float, str | None, float, Primitive, tuple[int | float, ...]]"
)


def _rows(root: Value) -> list[_Row]:
    """The graph beneath `root` as flat rows, each operand that is a Value by its place.

    Pickling rows needs no recursion however deep the graph. Leaves stay objects, so that what
    shares its parameters, pickled together, goes on sharing them.
    """
    found = sorted(_beneath(root).items(), key=lambda pair: pair[0].index)
    place = {node: i for i, (node, _) in enumerate(found)}
    rows: list[_Row] = []
    for node, value in found:
        if value.operands:
            places = tuple([place[x] if isinstance(x, Node) else x for x in node.operands])
            rows.append((value.grad, value.name, node.value, node.primitive, places))
        else:
            rows.append((value, node.value))
    return rows


def _rebuilt(rows: Iterable[_Row]) -> Value:
    """The Value whose graph `_rows` wrote down."""
    values: list[Value] = []
    nodes: list[Node] = []
    for row in rows:
        if len(row) == 2:  # noqa: PLR2004 - a leaf, and its number in this graph
            value, number = row
            nodes.append(value.node if value.data == number else leaf(number))
        else:
            grad, name, number, primitive, places = row
            operands = tuple([values[x] if isinstance(x, int) else x for x in places])
            node = Node(
                number,
                primitive,
                tuple([nodes[x] if isinstance(x, int) else x for x in places]),
                leaf(0.0).index,
            )
            value = _made(node, operands, grad, name)
            nodes.append(node)
        values.append(value)
    return values[-1]


def _leaf(data: float, grad: float, name: str | None) -> Value:
    return _made(leaf(data), (), grad, name)


_BINARY: Final = """\
def function(self, other):
    node = self.node
    if other.__class__ is Value:
        operand = other.node
        x = operand.value
    elif other.__class__ is float:
        x = operand = other
    else:
        x = operand = other = as_float(other)
        if x is None:
            return NotImplemented
"""
_WRAP: Final = """\
    value = new(Value)
    value.node = cell
    value.grad = 0.0
    value.name = None
    value.operands = {operands}
    return value
"""


def _operator(primitive: Primitive, *operands: str) -> Callable[..., object]:
    """An operator of Value that does in one function what `bind` does in several."""
    values = {"self": "node.value", "other": "x"}
    nodes = {"self": "node", "other": "operand"}
    source = _BINARY + FILL.format(
        value=primitive.spelling.format(*(values[name] for name in operands)),
        primitive="primitive",
        operands=f"({', '.join(nodes[name] for name in operands)})",
    )
    source += _WRAP.format(operands=f"({', '.join(operands)})")
    names = {"Value": Value, "new": object.__new__, "primitive": primitive}
    return compile_function(source, MAKERS | names | {primitive.name: primitive.value})


for _name, _row in {
    "add": calculus.add,
    "sub": calculus.sub,
    "mul": calculus.mul,
    "truediv": calculus.div,
    "pow": calculus.pow,
}.items():
    setattr(Value, f"__{_name}__", _operator(_row, "self", "other"))
    setattr(Value, f"__r{_name}__", _operator(_row, "other", "self"))


class _Network:
    """What has parameters: a frozen tree of `fgrad.nn` whose leaves are Values."""

    _tree: object

    def parameters(self) -> list[Value]:
        """Every weight and bias, always in the same order."""
        return [x for x in flatten(self._tree)[0] if isinstance(x, Value)]

    def zero_grad(self) -> None:
        """Set the grad of every parameter to 0.0."""
        for parameter in self.parameters():
            parameter.grad = 0.0


def _of_values(sizes: Sequence[int], activation: nn.Activation, seed: int | None) -> nn.MLP[Value]:
    numbers, structure = flatten(nn.MLP.init(sizes, seed=seed, activation=activation))
    values = [Value(x) for x in numbers if isinstance(x, float)]
    return unflatten(structure, values)  # type: ignore[return-value]  # its leaves are Values now


class Neuron(_Network):
    """tanh(b + w_1 x_1 + … + w_n x_n), or without the tanh if `non_linear` is False.

    The weights are drawn at random: from `random`'s own state, or from `seed`.

    >>> len(Neuron(3).parameters())
    4
    """

    _tree: nn.Neuron[Value]

    def __init__(
        self, n_features: int, non_linear: bool = True, *, seed: int | None = None
    ) -> None:
        activation = calculus.tanh if non_linear else nn.linear
        self._tree = _of_values([n_features, 1], activation, seed).layers[0].neurons[0]

    def __call__(self, xs: Iterable[Value | float]) -> Value:
        """The answer to as many numbers as there are features."""
        return self._tree(xs)


class Layer(_Network):
    """`n_out` neurons side by side on the same `n_in` numbers.

    >>> len(Layer(3, 2)([1, 2, 3]))
    2
    """

    _tree: nn.Layer[Value]

    def __init__(
        self, n_in: int, n_out: int, non_linear: bool = True, *, seed: int | None = None
    ) -> None:
        activation = calculus.tanh if non_linear else nn.linear
        self._tree = _of_values([n_in, n_out], activation, seed).layers[0]

    def __call__(self, xs: Iterable[Value | float]) -> list[Value]:
        """One Value a neuron."""
        return self._tree(xs)


class MLP(_Network):
    """A multilayer perceptron of tanh neurons: `MLP([2, 4, 4, 1])` has 2 inputs and 1 output.

    >>> network = MLP([2, 4, 4, 1], seed=0)
    >>> len(network.parameters()), len(network([0, 1]))
    (37, 1)
    """

    _tree: nn.MLP[Value]

    def __init__(self, sizes: Sequence[int], *, seed: int | None = None) -> None:
        self._tree = _of_values(sizes, calculus.tanh, seed)

    def __call__(self, xs: Iterable[Value | float]) -> list[Value]:
        """The Values that the last layer gives."""
        return self._tree(xs)
