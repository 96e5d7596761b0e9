"""A primitive: one row of the calculus table.

A row says what is computed and how it changes: a value, and one local partial derivative per
operand, written as a rule over the operands and the answer. Rows are data. What walks them
(the sweeps, the drawings, the documentation) lives upstairs.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from types import MethodType
from typing import Any, Final, Self, TypeAlias, TypeVar, overload

from attrs import field, frozen

from fgrad.description import Docstring, OperandSignature, operand_paths
from fgrad.interval import REAL, Interval
from fgrad.number import to_float

__all__ = [
    "ZERO",
    "Binary",
    "Multiary",
    "Operand",
    "Pairing",
    "Primitive",
    "Reduction",
    "Rule",
    "Selection",
    "Unary",
    "Variadic",
    "binary",
    "to_items",
    "told",
    "unary",
]

Rule: TypeAlias = "Callable[..., Operand | float]"


class Operand:
    """What a primitive can be applied to besides a float: it says itself what applying means.

    Abstract, but with no `ABCMeta`, whose `isinstance` would cost more than an operation does.
    """

    __slots__ = ()

    @abstractmethod
    def bind(self, primitive: Primitive, operands: Sequence[object]) -> Self:
        """Apply `primitive` to `operands`, of which at least one is of this kind."""


S = TypeVar("S", bound="Operand | float")
T = TypeVar("T")
K = TypeVar("K", bound=Operand)
_ABSENT: Final[Any] = object()  # of any type, to stand in the place of an operand


class Zero(float):
    """A partial that is zero by structure, not by value: nothing flows through it, at any order.

    A rule gives it where the answer does not depend on the operand at all (the branch not taken of
    `where`), so that an infinite slope on that side can never make `0 * inf = nan`.
    """

    __slots__ = ()


ZERO: Final = Zero()


def to_items(xs: Iterable[T], name: str, function: str = "") -> tuple[T, ...]:
    """The items of `xs`; a TypeError that says `name`, and whose it is, if it is no sequence."""
    try:
        return tuple(xs)
    except TypeError:
        if hasattr(xs, "__iter__"):  # and so the error is its own
            raise
        path = f"{name} of {function}" if function else name
        got = f"{type(xs).__name__} {xs!r:.60}"
        raise TypeError(f"{path}: expected a sequence, got {got}") from None


def told(error: Exception, function: str, numbers: Mapping[str, object]) -> Exception:
    """The error that names the first of `numbers` that is none; `error` itself if all are."""
    for path, number in numbers.items():
        if not isinstance(number, Operand):
            try:
                to_float(number, f"{path} of {function}")
            except (TypeError, OverflowError) as clearer:
                return clearer
    return error


@frozen(eq=False, repr=False, kw_only=True)
class Primitive:
    """One row: what is computed, and one partial derivative per operand.

    name: how it is called, in the table, in drawings and in messages.
    value: the function of floats, raising what Python raises.
    partials: one rule per operand, each over all the operands and, last, the answer. A row of
        `blocks` k takes any number of operands, in k blocks of equal length, and has one rule a
        block, over one operand of each block and the answer.
    spelling: the value as Python text, with `{}` for each operand, or one for all in a block.
    within: the condition under which the spelling is the value; nothing if always.
    term: of a row of blocks that is a sum, what is summed, with `{}` for an operand of each block.
    limit: the row that stands for this one inside a rule: its value where Python would raise is
        the limit, since a slope may be infinite where the function is finite.
    domain: per operand, where the value exists. kinks: where it has no slope; there, and where
        Python has no rule, `convention` says what the rules give.
    """

    name: str
    value: Callable[..., float]
    partials: tuple[Rule, ...]
    spelling: str
    within: str = ""
    blocks: int = 0
    term: str = ""
    limit: Primitive | None = None
    domain: tuple[Interval, ...]
    kinks: tuple[float, ...] = ()
    convention: str = ""
    compiled: dict[str, Callable[..., Operand | float | None]] = field(factory=dict, init=False)
    """What the sweeps have compiled from the rules, by kind: a memo of pure functions."""

    __signature__ = OperandSignature()

    def __init_subclass__(cls) -> None:
        cls.__doc__ = Docstring(cls.__doc__)  # type: ignore[assignment]  # it gives a string

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    @property
    def __name__(self) -> str:
        """Its name, where a function's is looked for."""
        return self.name

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Callable[[str, str], object], tuple[str, str]]:
        return _row, (self._home(), self.name)

    def _home(self) -> str:
        """The module that has the row under its name: first of all those of its functions.

        And last the main program, which may only have imported it; another program has not.
        """
        near = [function.__module__ for function in (self.value, *self.partials)]
        for module in (*near, *sorted(sys.modules, key=lambda name: name == "__main__")):
            if getattr(sys.modules.get(module), "__dict__", {}).get(self.name) is self:
                return module
        message = f"{self.name}: only a row that is a global, under its own name, can be pickled"
        raise TypeError(message)

    @property
    def calls(self) -> bool:
        """Whether `written` code calls the function that is the row's value."""
        return bool(self.within) or f"{self.name}(" in self.spelling

    def written(self, operands: Sequence[str], called: str | None = None) -> str:
        """The value as Python code over that of the operands; `called` names the row's function."""
        name = called or self.name
        if not self.within:
            spelling = self.spelling.replace(f"{self.name}(", f"{name}(")
            return spelling.format(*([", ".join(operands)] if self.blocks else operands))
        bases = [f"({operand})" if operand.startswith("-") else operand for operand in operands]
        spelled, condition = self.spelling.format(*bases), self.within.format(*operands)
        return f"({spelled} if {condition} else {name}({', '.join(operands)}))"

    def apply(self, operands: Sequence[S | float]) -> S | float:
        """The answer to `operands`: a float if all are numbers, else whatever they bind to."""
        for operand in operands:
            if operand.__class__ is not float and isinstance(operand, Operand):
                return self._bound(operand, operands)
        try:
            numbers = [x if x.__class__ is float else to_float(x, self.name) for x in operands]
        except (TypeError, OverflowError) as error:
            raise told(error, self.name, operand_paths(self, operands)) from None
        return self.value(*numbers)

    def _miscounted(self, count: int, expected: str) -> TypeError:
        return TypeError(f"{self.name}: expected {expected}, got {count}")

    def _bound(self, operand: K, operands: Sequence[object]) -> K:
        answer = operand.bind(self, operands)
        if answer is NotImplemented:
            kinds = ", ".join(type(x).__name__ for x in operands)
            beside = f"expected real numbers beside a {type(operand).__name__}"
            error = TypeError(f"{self.name}: {beside}, got {kinds}")
            raise told(error, self.name, operand_paths(self, operands))
        return answer


def _row(module: str, name: str) -> object:
    """The row that a module calls `name`: what unpickling a primitive gives."""
    return getattr(import_module(module), name)


class Unary(Primitive):
    """A row of one operand: `tanh(x)`. As an attribute of a class, a method: `x.tanh()`."""

    __slots__ = ()

    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: S, /) -> S: ...
    def __call__(self, x: S = _ABSENT, /, *more: object) -> S | float:
        """The answer at `x`; a TypeError if there is none, or more than one."""
        if x.__class__ is float and not more:
            return self.value(x)
        if x is _ABSENT or more:
            raise self._miscounted((x is not _ABSENT) + len(more), "1 operand")
        if isinstance(x, Operand):
            return x.bind(self, (x,))
        try:
            number = to_float(x, self.name)
        except OverflowError:  # an int of so many digits still has a logarithm
            return float(self.value(x))
        return self.value(number)

    @overload
    def __get__(self, instance: None, owner: object) -> Self: ...
    @overload
    def __get__(self, instance: S, owner: object) -> Callable[[], S]: ...
    def __get__(self, instance: S | None, owner: object) -> Self | Callable[[], S]:
        """Itself from the class, bound to its operand from an instance, as functions are."""
        return self if instance is None else MethodType(self, instance)


class Binary(Primitive):
    """A row of two operands: `pow(x, y)`."""

    __slots__ = ()

    @overload
    def __call__(self, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, x: float, y: S, /) -> S: ...
    @overload
    def __call__(self, x: S, y: S | float, /) -> S: ...
    def __call__(self, *xs: S) -> S | float:
        """The answer at x and y; a TypeError if the operands are not two."""
        if len(xs) != 2:  # noqa: PLR2004 - x and y
            raise self._miscounted(len(xs), "2 operands")
        return self.apply(xs)


class Selection(Primitive):
    """The row that chooses: `where(condition, x, y)` is x where the condition holds, else y."""

    __slots__ = ()

    @overload
    def __call__(self, condition: bool, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, condition: bool, x: float, y: S, /) -> S: ...
    @overload
    def __call__(self, condition: bool, x: S, y: S | float, /) -> S: ...
    def __call__(self, *operands: S) -> S | float:
        """`x` where `condition` (a bool, as comparisons give) holds, else `y`."""
        if len(operands) != 3:  # noqa: PLR2004 - condition, x and y
            raise self._miscounted(len(operands), "3 operands, as in where(x > 0, x, -x)")
        return self.apply(operands)


class Reduction(Primitive):
    """A row of one sequence, of any length but none: `total(xs)`."""

    __slots__ = ()

    @overload
    def __call__(self, xs: Iterable[float], /) -> float: ...
    @overload
    def __call__(self, xs: Iterable[S], /) -> S: ...
    def __call__(self, *sequences: Iterable[S]) -> S | float:
        """The answer to the items of `xs`; a ValueError where there are none."""
        if len(sequences) != 1:
            raise self._miscounted(len(sequences), f"1 sequence, as in {self.name}([x, y])")
        operands = to_items(sequences[0], "xs", self.name)
        if not operands:
            message = f"{self.name}: expected at least one item, got none (write 0.0 for their sum)"
            raise ValueError(message)
        return self.apply(operands)


class Pairing(Primitive):
    """A row of two sequences of one length: `dot(ws, xs)`."""

    __slots__ = ()

    @overload
    def __call__(self, ws: Iterable[float], xs: Iterable[float], /) -> float: ...
    @overload
    def __call__(self, ws: Iterable[float], xs: Iterable[S], /) -> S: ...
    @overload
    def __call__(self, ws: Iterable[S], xs: Iterable[S | float], /) -> S: ...
    def __call__(self, *sequences: Iterable[S]) -> S | float:
        """The answer to the pairs; a ValueError where the lengths differ or are zero."""
        if len(sequences) != 2:  # noqa: PLR2004 - ws and xs
            raise self._miscounted(len(sequences), f"2 sequences, as in {self.name}(ws, xs)")
        left = to_items(sequences[0], "ws", self.name)
        right = to_items(sequences[1], "xs", self.name)
        if len(left) != len(right) or not left:
            expected = "two sequences of one length and at least one item"
            got = f"lengths {len(left)} and {len(right)}"
            raise ValueError(f"{self.name}: expected {expected}, got {got}")
        return self.apply(left + right)


class Variadic(Primitive):
    """A row of any number of operands, at least one: `hypot(x, y, z)`."""

    __slots__ = ()
    __signature__ = OperandSignature(spread=True)

    @overload
    def __call__(self, x: float, /, *xs: float) -> float: ...
    @overload
    def __call__(self, x: S, /, *xs: S) -> S: ...
    def __call__(self, *xs: S) -> S | float:
        """The answer to the operands; a TypeError if there are none."""
        if not xs:
            raise self._miscounted(0, "at least 1 operand")
        return self.apply(xs)


class Multiary(Primitive):
    """A row of three or more operands."""

    __slots__ = ()

    @overload
    def __call__(self, x: float, y: float, z: float, /, *xs: float) -> float: ...
    @overload
    def __call__(self, x: S, y: S, z: S, /, *xs: S) -> S: ...
    def __call__(self, *xs: S) -> S | float:
        """The answer to the operands; a TypeError if they are too few or too many."""
        if len(xs) != (count := len(self.partials)):
            raise self._miscounted(len(xs), f"{count} operands")
        return self.apply(xs)


def unary(  # noqa: PLR0913 - a row has these columns
    name: str,
    value: Callable[[float], float],
    partial: Rule,
    *,
    spelling: str | None = None,
    limit: Unary | None = None,
    domain: Interval = REAL,
    kinks: tuple[float, ...] = (),
    convention: str = "",
) -> Unary:
    """A row of one operand: `partial` is a rule over x and the answer y."""
    return Unary(
        name=name,
        value=value,
        partials=(partial,),
        spelling=spelling or name + "({})",
        limit=limit,
        domain=(domain,),
        kinks=kinks,
        convention=convention,
    )


def binary(  # noqa: PLR0913 - a row has these columns
    name: str,
    value: Callable[[float, float], float],
    x_partial: Rule,
    y_partial: Rule,
    *,
    spelling: str | None = None,
    within: str = "",
    limit: Binary | None = None,
    domain: tuple[Interval, Interval] = (REAL, REAL),
    convention: str = "",
) -> Binary:
    """A row of two operands: each partial is a rule over x, y and the answer z."""
    return Binary(
        name=name,
        value=value,
        partials=(x_partial, y_partial),
        spelling=spelling or name + "({}, {})",
        within=within,
        limit=limit,
        domain=domain,
        convention=convention,
    )
