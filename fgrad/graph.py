"""The graph: a node holds a number and how it came to be.

Nodes are frozen. Operators make new ones that point at the old, so a computation leaves a
persistent directed acyclic graph behind, and a node's index, one larger than any before it, is
its place in a topological order.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import count
from typing import Final, NoReturn, Self, TypeAlias, final

from attrs import frozen

from fgrad import calculus
from fgrad.arithmetic import Arithmetic, Number, compare
from fgrad.number import as_float
from fgrad.primitive import Primitive, unary
from fgrad.source import MANY, compile_function, compile_sum, indent
from fgrad.watch import WATCHERS, refuse_floats, refuse_text, refuse_to_leak, watching

__all__ = [
    "ALIAS",
    "LEAF",
    "Known",
    "Node",
    "Scalar",
    "ancestors",
    "fresh",
    "leaf",
    "new_node",
    "on_older",
    "plain",
    "value",
]

LEAF: Final = Primitive(name="leaf", value=operator.pos, partials=(), spelling="leaf", domain=())
"""The primitive of a node that came from nowhere."""

ALIAS: Final = unary("alias", operator.pos, lambda x, y: 1, spelling="{}")
"""The identity: the primitive of a leaf that stands for a node of an outer differentiation."""
alias: Final = ALIAS  # a row is pickled by its name


class _Cell(Arithmetic):
    """A node while it is being filled: its slots, not yet frozen.

    Filling one and then making it a Node costs a third of what a frozen `__init__` does; and
    since the slots are all inherited, Python need not compare them.
    """

    __slots__ = ("index", "operands", "primitive", "value")


@final
@frozen(eq=False, repr=False, weakref_slot=False)
class Node(_Cell):
    """A number in the graph: its value, the primitive that gave it, its operands, its index.

    Arithmetic on nodes gives nodes. Comparisons compare values, as on floats, so that a function
    takes the same branches as it does on floats; hashing, and so sets and dict keys, go by
    identity. A pickle has the graph of each node whole; what such graphs share stays shared.

    >>> x = leaf(3.0)
    >>> y = x * x + 1
    >>> y, y > 9
    (Node(10.0, add), True)
    """

    value: float
    primitive: Primitive
    operands: tuple[Node | float, ...]
    index: int

    __array_ufunc__ = None

    def bind(self, primitive: Primitive, operands: Sequence[object]) -> Node:
        """The node of `primitive` applied to `operands`, each a node or a real number."""
        try:
            if len(operands) == 1:
                node = new_node(primitive.value(self.value), primitive, (self,))
                return _noted(node) if WATCHERS else node
            mine: Sequence[Node | float] = operands  # type: ignore[assignment]  # or it is refused
            try:
                number = _evaluate(primitive, mine)
            except _OddOperandError:
                taken = [x if isinstance(x, Node) else as_float(x) for x in operands]
                mine = [x for x in taken if x is not None]
                if len(mine) < len(taken):
                    return NotImplemented  # type: ignore[no-any-return]  # as operators answer
                number = _evaluate(primitive, mine)
            node = new_node(number, primitive, tuple(mine))
            return _noted(node) if WATCHERS else node
        except Exception:
            _note_error()
            raise

    def __lt__(self, other: Node | Number) -> bool:
        return _compare("<", self, other)

    def __le__(self, other: Node | Number) -> bool:
        return _compare("<=", self, other)

    def __gt__(self, other: Node | Number) -> bool:
        return _compare(">", self, other)

    def __ge__(self, other: Node | Number) -> bool:
        return _compare(">=", self, other)

    def __eq__(self, other: object) -> bool:
        return _compare("==", self, other)

    def __ne__(self, other: object) -> bool:
        return _compare("!=", self, other)

    def __bool__(self) -> bool:
        return _compare("!=", self, 0.0)

    def __hash__(self) -> int:
        refuse_to_leak("the hash", "write x in [1.0, 2.0], which compares, for a set or a dict")
        return object.__hash__(self)

    def __format__(self, spec: str, /) -> str:
        refuse_text()
        return super().__format__(spec)

    def __repr__(self) -> str:
        refuse_text()
        return f"Node({self.value!r}, {self.primitive.name})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Callable[..., Node], tuple[object, ...]]:
        refuse_to_leak("a pickle")
        if not self.operands:
            return leaf, (self.value,)
        return _rebuild, (_rows(self), _KNOWN)


refuse_floats(Node, "since the derivative would be lost", "fgrad.value(x)", traced=True)


def _compare(relation: str, node: Node, other: object) -> bool:
    outcome = compare(relation, node.value, other.value if isinstance(other, Node) else other)
    watch = watching()
    if watch is None:
        if WATCHERS:
            _tell_elsewhere(node)
    elif outcome is not NotImplemented:
        watch.compared(relation, node, other, outcome)
    return outcome


def _tell_elsewhere(node: Node) -> None:
    """Tell those who watch in other threads, and do not hear of this one."""
    for watch in tuple(WATCHERS):
        watch.elsewhere(node)


def _noted(node: Node) -> Node:
    watch = watching()
    if watch is not None:
        watch.applied(node)
    return node


def _note_error() -> None:
    watch = watching()
    if watch is not None:
        watch.raised()


Scalar: TypeAlias = Node | float
"""A number that may be part of a graph: what a differentiable function takes and returns."""


class _OddOperandError(Exception):
    """An operand is neither Node nor float: it may still be a real number."""


def _refuse(operand: object) -> NoReturn:
    raise _OddOperandError(operand)


def _evaluate(primitive: Primitive, operands: Sequence[Node | float]) -> float:
    if primitive.term:
        return _sum(primitive, min(len(operands), MANY))(*operands)
    values = [
        x.value if x.__class__ is Node else x if x.__class__ is float else _refuse(x)
        for x in operands
    ]
    return primitive.value(*values)


@cache
def _sum(primitive: Primitive, size: int) -> Callable[..., float]:
    """The value of a row that is a sum, of nodes and floats as they are: one list less to make."""
    read = (
        "({0}.value if {0}.__class__ is Node else {0} if {0}.__class__ is float else refuse({0}))"
    )
    return compile_sum(primitive.term, {"Node": Node, "refuse": _refuse}, read=read, size=size)


FILL: Final = """\
    cell = Cell()
    cell.value = {value}
    cell.primitive = {primitive}
    cell.operands = {operands}
    cell.index = next(indices)
    cell.__class__ = Node
"""
MAKERS: Final = {
    "Cell": _Cell,
    "Node": Node,
    "as_float": as_float,
    "indices": count(),
}
new_node: Callable[[float, Primitive, tuple[Node | float, ...]], Node] = compile_function(
    "def new_node(value, primitive, operands):\n"
    + FILL.format(value="value", primitive="primitive", operands="operands")
    + "    return cell\n",
    MAKERS,
)


def leaf(value: float) -> Node:
    """A fresh node that depends on nothing."""
    return new_node(value, LEAF, ())


_FRESH: Final = """\
def fresh(numbers):
    leaves = []
    for number in numbers:
        if number.__class__ is Node:
            leaves.append(node(number.value, ALIAS, (number,)))
            continue
{fill}
        leaves.append(cell)
    return leaves
""".format(fill=indent(FILL.format(value="number", primitive="LEAF", operands="()"), "    "))
fresh: Callable[[Iterable[Scalar]], list[Node]] = compile_function(
    _FRESH, MAKERS | {"LEAF": LEAF, "ALIAS": ALIAS, "node": new_node}
)
"""A fresh leaf in the place of each number: an alias of it where it is a node itself."""


def value(x: Scalar) -> float:
    """The plain number behind `x`; no derivative flows through it. A TypeError if there is none.

    >>> value(leaf(3.0)), value(4.0)
    (3.0, 4.0)
    """
    if isinstance(x, Node):
        refuse_to_leak("value(x)", "write constant(x) to hold it fixed")
        _tell_elsewhere(x)
    number = x.value if isinstance(x, Node) else as_float(x)
    if number is None:
        got = f"{type(x).__name__} {x!r:.60}"
        raise TypeError(f"value: expected a Node or a number, got {got} (of a Value write x.data)")
    return number


def plain(x: Scalar) -> float:
    """The plain number behind `x`, for the house itself: while tracing too."""
    return x.value if isinstance(x, Node) else x


def ancestors(*roots: Node, first: int = 0) -> list[Node]:
    """The roots and all nodes beneath them whose index is at least `first`, topologically sorted.

    >>> x = leaf(2.0)
    >>> ancestors(x * x)
    [Node(2.0, leaf), Node(4.0, mul)]
    """
    found = {root.index: root for root in roots if root.index >= first}
    pending = list(found.values())
    for node in pending:
        for operand in node.operands:
            if isinstance(operand, Node) and operand.index >= first and operand.index not in found:
                found[operand.index] = operand
                pending.append(operand)
    return [found[index] for index in sorted(found)]


def on_older(roots: Iterable[Scalar], first: int) -> set[int]:
    """The indices of the roots, and of some nodes beneath, older than `first` or reaching one."""
    nodes = [root for root in roots if isinstance(root, Node)]
    found = {node.index for node in nodes if node.index < first}
    for node in ancestors(*nodes, first=first):
        for x in node.operands:
            if x.__class__ is Node and (x.index < first or x.index in found):
                found.add(node.index)
    return found


class Known:
    """The computed nodes that one unpickling has made so far, by the indices that they had.

    Itself pickled as an empty dictionary: one for all the graphs in a pickle, since pickle knows
    an object again, so that what they share they go on sharing.
    """

    def __reduce__(self) -> tuple[type[dict[int, object]], tuple[()]]:
        return dict, ()


_KNOWN: Final = Known()
_Row: TypeAlias = "tuple[int, float, Primitive, tuple[int | float, ...]] | Node"


def _rows(root: Node) -> list[_Row]:
    """The graph beneath `root` as flat rows, each operand that is a node by its place.

    Pickling rows needs no recursion however deep the graph. Leaves stay nodes.
    """
    nodes = ancestors(root)
    place = {node.index: i for i, node in enumerate(nodes)}
    return [
        (
            node.index,
            node.value,
            node.primitive,
            tuple([place[x.index] if isinstance(x, Node) else x for x in node.operands]),
        )
        if node.operands
        else node
        for node in nodes
    ]


def _rebuild(rows: Iterable[_Row], known: dict[int, Node]) -> Node:
    """The root of the graph that `_rows` wrote down, with the nodes that are known already."""
    nodes: list[Node] = []
    for row in rows:
        if isinstance(row, Node):
            nodes.append(row)
            continue
        index, number, primitive, places = row
        if index not in known:
            operands = tuple([nodes[x] if isinstance(x, int) else x for x in places])
            known[index] = new_node(number, primitive, operands)
        nodes.append(known[index])
    return nodes[-1]


_TRY: Final = """\
    try:
        number = {value}
    except Exception:
        note_error()
        raise
"""
_UNARY: Final = "def {name}(self):\n"
_BINARY: Final = """\
def {name}(self, other):
    if other.__class__ is float:
        x = other
    elif other.__class__ is Node:
        x = other.value
    elif other.__class__ is int:
        x = other = float(other)
    else:
        x = other = as_float(other)
        if x is None:
            return NotImplemented
"""


def _operator(name: str, primitive: Primitive, *operands: str) -> Callable[..., Node]:
    """The operator `name` of Node: in one function what `bind` does in several."""
    plain = {"self": "self.value", "other": "x"}
    value = primitive.written([plain[operand] for operand in operands])
    source = (_BINARY if "other" in operands else _UNARY).format(name=name)
    raises = primitive not in calculus.NEVER_RAISE
    source += (_TRY if raises else "    number = {value}\n").format(value=value)
    source += FILL.format(
        value="number", primitive="primitive", operands=f"({', '.join(operands)},)"
    )
    source += f"    return {'noted(cell) if WATCHERS else ' if raises else ''}cell\n"
    names = {"primitive": primitive, primitive.name: primitive.value, "WATCHERS": WATCHERS}
    names |= {"note_error": _note_error, "noted": _noted}
    operator: Callable[..., Node] = compile_function(source, MAKERS | names)
    return operator


for _name in ("add", "sub", "mul", "truediv", "pow", "floordiv", "mod"):
    _row = calculus.TABLE[_name.removeprefix("true")]
    setattr(Node, f"__{_name}__", _operator(f"__{_name}__", _row, "self", "other"))
    setattr(Node, f"__r{_name}__", _operator(f"__r{_name}__", _row, "other", "self"))
for _name, _row in (("__neg__", calculus.neg), ("__abs__", calculus.fabs)):
    setattr(Node, _name, _operator(_name, _row, "self"))
