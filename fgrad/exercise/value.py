"""A mutable value that remembers its gradient.

`Value` is a thin face of the frozen graph: it holds a node, adds what the reverse sweep finds to
its `grad`, and lets training code assign `data` and `grad`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Final, TypeAlias, final

from fgrad import calculus
from fgrad.arithmetic import Arithmetic, Number, compare
from fgrad.graph import FILL, MAKERS, Known, Node, Scalar, ancestors, leaf, new_node
from fgrad.number import as_float, to_float
from fgrad.reverse import owned_cotangents, sweep
from fgrad.source import compile_function
from fgrad.watch import refuse_floats

if TYPE_CHECKING:
    from fgrad.primitive import Primitive

__all__ = ["Value"]


@final
class Value(Arithmetic):
    """A number with a gradient, as the exercise has it.

    data: a real number; kept as a float.
    name: what pictures call it.

    Arithmetic on values and real numbers gives values; comparisons compare `data`; equality and
    hash go by identity. A copy is a value of its own: that of a leaf is a new leaf, `deepcopy` and
    pickle copy a computed value with everything beneath it (so a copied network has parameters of
    its own), and `copy` a computed value alone. What is deep-copied or pickled together goes on
    sharing what it shared. In a pickle each value writes down all that is beneath it, so pickle the
    last of a long chain, not every one.

    >>> x = Value(3)
    >>> y = (x * 4 + 5) * 2
    >>> y.backwards()
    >>> y, x
    (Value(data=34.0, grad=1.0), Value(data=3.0, grad=8.0))
    """

    __slots__ = ("_grad", "name", "node", "oldest", "operands")

    name: str | None
    node: Node
    """The frozen node that holds the number; assigning `data` puts a new one in its place."""
    operands: Operands
    """What the value was computed from, in step with the operands of its node."""
    oldest: int
    """No node beneath has a smaller index: where a sweep may end. Read before `node` it is none too
    large, whatever another thread assigns in between."""

    __array_ufunc__ = None

    def __init__(self, data: Number, name: str | None = None) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name: expected a str, got {type(name).__name__} {name!r:.60}")
        self.operands = ()
        self.data = data
        self._grad = 0.0
        self.name = name

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
        self.oldest = self.node.index

    @property
    def grad(self) -> float:
        """The sum of what each `backwards()` found; 0.0 before the first. It may be assigned."""
        return self._grad

    @grad.setter
    def grad(self, grad: Number) -> None:
        self._grad = grad if grad.__class__ is float else to_float(grad, "grad")

    @property
    def children(self) -> tuple[Value, ...]:
        """The operands that are Values; empty on a leaf."""
        return tuple([x for x in self.operands if isinstance(x, Value)])

    def bind(self, primitive: Primitive, operands: Sequence[object]) -> Value:
        """The value of `primitive` applied to `operands`, each a Value or a real number."""
        mine: Operands = (self,)
        if len(operands) > 1:
            taken = [
                x if isinstance(x, Value) or x.__class__ is float else as_float(x) for x in operands
            ]
            mine = tuple([x for x in taken if x is not None])
            if len(mine) < len(taken):
                return NotImplemented  # type: ignore[no-any-return]  # as operators answer
        oldest = _oldest(mine)
        nodes = [x.node if isinstance(x, Value) else x for x in mine]
        return _made(self.node.bind(primitive, nodes), mine, oldest)

    def backwards(self) -> None:
        """Add d self / d value to the `grad` of every Value beneath, and 1.0 to its own.

        A second call adds the same again. Set each `grad` to 0.0 to begin anew.
        """
        found = owned_cotangents(self, self.oldest, _beneath)
        for cotangent, value in found or _cotangents(self):
            if value is not None:
                value._grad += cotangent  # type: ignore[operator, assignment]  # noqa: SLF001 - float

    backward = backwards

    def __lt__(self, other: Value | Number) -> bool:
        return compare("<", self.data, _number(other))

    def __le__(self, other: Value | Number) -> bool:
        return compare("<=", self.data, _number(other))

    def __gt__(self, other: Value | Number) -> bool:
        return compare(">", self.data, _number(other))

    def __ge__(self, other: Value | Number) -> bool:
        return compare(">=", self.data, _number(other))

    def __repr__(self) -> str:
        return f"Value(data={self.data!r}, grad={self.grad!r})"

    def __copy__(self) -> Value:
        oldest = self.oldest if self.operands else None
        return _copied(self, self.node.operands, self.operands, oldest)

    def __deepcopy__(self, memo: dict[int, Value]) -> Value:
        nodes: dict[int, Node] = {}
        for node, value in _sorted(self):
            if id(value) not in memo:
                beneath = [
                    nodes[x.index] if isinstance(x, Node) else x for x in value.node.operands
                ]
                operands = [memo[id(x)] if isinstance(x, Value) else x for x in value.operands]
                memo[id(value)] = _copied(value, tuple(beneath), tuple(operands), _oldest(operands))
            twin = memo[id(value)]
            nodes[node.index] = twin.node if node is value.node else leaf(node.value)
        return memo[id(self)]

    def __reduce__(self) -> tuple[Callable[..., Value], tuple[object, ...]]:
        if not self.operands:
            return _leaf, (self.node, self.grad, self.name)
        return _rebuilt, (_rows(self), _KNOWN)

    def draw(
        self,
        path: str | PathLike[str],
        *,
        names: Mapping[str, Value] | None = None,
        limit: int = 200,
    ) -> None:
        """Draw the graph beneath to a file: .svg, .dot or .mmd, as its name ends.

        `names` are given as {"x": x}, and go before those that Values have. A ValueError past
        `limit` nodes, and for a file of another kind.
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
    sinh, cosh, sech_squared = calculus.sinh, calculus.cosh, calculus.sech_squared
    asinh, acosh, atanh = calculus.asinh, calculus.acosh, calculus.atanh
    exp2, expm1, log1p = calculus.exp2, calculus.expm1, calculus.log1p
    log2, log10 = calculus.log2, calculus.log10
    erf, erfc, gamma, lgamma = calculus.erf, calculus.erfc, calculus.gamma, calculus.lgamma
    sigmoid, softplus, relu = calculus.sigmoid, calculus.softplus, calculus.relu
    fabs, sign, constant, neg = calculus.fabs, calculus.sign, calculus.constant, calculus.neg
    floor, ceil, trunc, round = calculus.floor, calculus.ceil, calculus.trunc, calculus.round
    degrees, radians = calculus.degrees, calculus.radians
    lorentzian, gaussian = calculus.lorentzian, calculus.gaussian


refuse_floats(Value, "but has one", "x.data", row="x.{0}() or fgrad.{0}(x)")
Operands: TypeAlias = tuple[Value | float, ...]


def _number(x: object) -> object:
    return x.data if isinstance(x, Value) else x


def _made(
    node: Node,
    operands: Operands,
    oldest: int | None,
    grad: float = 0.0,
    name: str | None = None,
) -> Value:
    value: Value = object.__new__(Value)
    value.node = node
    value._grad = grad  # noqa: SLF001 - a number already
    value.name = name
    value.operands = operands
    value.oldest = node.index if oldest is None else oldest
    return value


def _oldest(operands: Iterable[Value | float]) -> int | None:
    """What no node beneath any of the operands has an index below; None of none."""
    return min([x.oldest for x in operands if isinstance(x, Value)], default=None)


def _leaf(node: Node, grad: float, name: str | None) -> Value:
    return _made(node, (), None, grad, name)


def _copied(
    value: Value, nodes: tuple[Node | float, ...], operands: Operands, oldest: int | None
) -> Value:
    """A copy of `value` with a node of its own: a node shared would have one gradient for both."""
    node = new_node(value.node.value, value.node.primitive, nodes)
    return _made(node, operands, oldest, value.grad, value.name)


def _beneath(root: Value) -> dict[int, Value]:
    """The Value that each node beneath `root`, or its own, belongs to, by the node's index.

    The node is the one in the graph: a leaf may since have been given another.
    """
    found = {root.node.index: root}
    pending = [root]
    for value in pending:
        place = 0
        for node in value.node.operands:
            if type(node) is Node and node.index not in found:
                child = value.operands[place]
                if type(child) is Value:
                    found[node.index] = child
                    pending.append(child)
            place += 1  # noqa: SIM113 - enumerate and zip take a third longer for the whole walk
    return found


def _cotangents(root: Value) -> Iterable[tuple[Scalar | None, Value | None]]:
    """What `owned_cotangents` gives, by a `sweep`, which also knows slopes that are limits."""
    found = sorted(_beneath(root).items(), reverse=True)  # as `owned_cotangents` goes
    swept, top, _ = sweep([(root.node, 1.0)], found[-1][0])
    return [(swept[top - i], value) for i, value in found if swept[top - i] is not None]


def _sorted(root: Value) -> list[tuple[Node, Value]]:
    """Each node beneath `root`, and its own, in topological order, and the Value it belongs to."""
    found = _beneath(root)
    return [(node, found[node.index]) for node in ancestors(root.node)]


_KNOWN: Final = Known()
_Leaf: TypeAlias = "tuple[Value, Node | None]"
_Computed: TypeAlias = "tuple[int, float, str | None, float, Primitive, tuple[int | float, ...]]"
_Row: TypeAlias = "_Leaf | _Computed"


def _rows(root: Value) -> list[_Row]:
    """The graph beneath `root` as flat rows, each operand that is a Value by its place.

    Pickling rows needs no recursion however deep the graph. Leaves stay objects.
    """
    found = _sorted(root)
    place = {node.index: i for i, (node, _) in enumerate(found)}
    rows: list[_Row] = []
    for node, value in found:
        if value.operands:
            places = tuple([place[x.index] if isinstance(x, Node) else x for x in node.operands])
            rows.append((node.index, value.grad, value.name, node.value, node.primitive, places))
        else:
            rows.append((value, None if value.node is node else node))
    return rows


def _rebuilt(rows: Iterable[_Row], known: dict[int, Value]) -> Value:
    """The Value whose graph `_rows` wrote down, with the Values that are known already."""
    values: list[Value] = []
    nodes: list[Node] = []
    for row in rows:
        if len(row) == 2:  # noqa: PLR2004 - a leaf, and its node if it has had another since
            value, node = row
            nodes.append(value.node if node is None else node)
        else:
            index, grad, name, number, primitive, places = row
            if index not in known:
                operands = tuple([values[x] if isinstance(x, int) else x for x in places])
                beneath = tuple([nodes[x] if isinstance(x, int) else x for x in places])
                made = new_node(number, primitive, beneath)
                indices = [x.index for x in beneath if isinstance(x, Node)]
                indices += [x.oldest for x in operands if isinstance(x, Value)]
                known[index] = _made(made, operands, min(indices), grad, name)
            value = known[index]
            nodes.append(value.node)
        values.append(value)
    return values[-1]


_BINARY: Final = """\
def {name}(self, other):
    oldest = self.oldest
    node = self.node
    if other.__class__ is Value:
        first = other.oldest
        operand = other.node
        x = operand.value
        if first < oldest:
            oldest = first
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
    value._grad = 0.0
    value.name = None
    value.operands = {operands}
    value.oldest = oldest
    return value
"""


def _operator(name: str, primitive: Primitive, *operands: str) -> Callable[..., Value]:
    """The operator `name` of Value: in one function what `bind` does in several."""
    numbers = {"self": "node.value", "other": "x"}
    nodes = {"self": "node", "other": "operand"}
    source = _BINARY.format(name=name) + FILL.format(
        value=primitive.written([numbers[operand] for operand in operands]),
        primitive="primitive",
        operands=f"({', '.join([nodes[operand] for operand in operands])})",
    )
    source += _WRAP.format(operands=f"({', '.join(operands)})")
    names = {"Value": Value, "new": object.__new__, "primitive": primitive}
    names |= {primitive.name: primitive.value}
    operator: Callable[..., Value] = compile_function(source, MAKERS | names)
    return operator


for _name, _row in (
    ("add", calculus.add),
    ("sub", calculus.sub),
    ("mul", calculus.mul),
    ("truediv", calculus.div),
    ("pow", calculus.pow),
):
    setattr(Value, f"__{_name}__", _operator(f"__{_name}__", _row, "self", "other"))
    setattr(Value, f"__r{_name}__", _operator(f"__r{_name}__", _row, "other", "self"))
