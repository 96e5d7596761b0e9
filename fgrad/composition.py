"""Compositions: functions written with the rows of the table, and so differentiable as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import TypeVar, overload

from fgrad.calculus import add, div, exp, hypot, logaddexp, maximum, minimum, mul, sub, total
from fgrad.number import to_float
from fgrad.primitive import Operand, to_items

__all__ = ["clip", "dist", "logsumexp", "mean", "prod", "softmax"]

S = TypeVar("S", bound=Operand | float)


@overload
def clip(x: float, low: float, high: float, /) -> float: ...
@overload
def clip(x: S, low: float, high: float, /) -> S: ...
def clip(x: S, low: float, high: float, /) -> S | float:
    """x held between `low` and `high`: the smaller of `high` and the larger of x and `low`.

    At a bound the slope is 1/2, halfway between those to its sides. A ValueError if low > high.

    >>> clip(3.0, -1.0, 1.0)
    1.0
    """
    try:
        if low > high:
            message = f"clip: expected low <= high, got low {low!r} and high {high!r}"
            raise ValueError(message)
        return minimum.apply((maximum.apply((x, low)), high))
    except TypeError as error:
        raise told(error, "clip", {"x": x, "low": low, "high": high}) from None


@overload
def logsumexp(x: float, /, *xs: float) -> float: ...
@overload
def logsumexp(x: S, /, *xs: S) -> S: ...
def logsumexp(*xs: S) -> S | float:
    """log(exp(x_1) + exp(x_2) + …), from the left, in nats; nothing overflows.

    A TypeError if there is nothing to take it of.

    >>> logsumexp(1000.0, 1000.0)
    1000.69314718
    """
    if not xs:
        raise TypeError("logsumexp: expected at least one number, got none")
    first, *rest = xs
    try:
        return reduce(lambda x, y: logaddexp.apply((x, y)), rest, add.apply((first, -0.0)))
    except TypeError as error:
        raise told(error, "logsumexp", numbered("xs", xs)) from None


@overload
def softmax(xs: Iterable[float], /) -> list[float]: ...
@overload
def softmax(xs: Iterable[S], /) -> list[S]: ...
def softmax(xs: Iterable[S], /) -> list[S] | list[float]:
    """exp(x_i) over the sum of them all, for each i; shifted, so that nothing overflows.

    A ValueError if there are none.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    logits = _some(xs, "softmax")
    try:
        whole = logsumexp(*logits)
    except TypeError as error:
        raise told(error, "softmax", numbered("xs", logits)) from None
    return [exp(sub(x, whole)) for x in logits]


@overload
def mean(xs: Iterable[float], /) -> float: ...
@overload
def mean(xs: Iterable[S], /) -> S: ...
def mean(xs: Iterable[S], /) -> S | float:
    """The arithmetic mean; a ValueError where there is nothing to take it of.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    items = _some(xs, "mean")
    try:
        return div.apply((total.apply(items), float(len(items))))
    except TypeError as error:
        raise told(error, "mean", numbered("xs", items)) from None


@overload
def prod(xs: Iterable[float], /, *, start: float = ...) -> float: ...
@overload
def prod(xs: Iterable[float], /, *, start: S) -> S: ...
@overload
def prod(xs: Iterable[S], /, *, start: S | float = ...) -> S: ...
def prod(xs: Iterable[S], /, *, start: S | float = 1.0) -> S | float:
    """The product of `start` and xs, from the left; `start` where there is nothing to multiply.

    >>> prod([2.0, 3.0, 4.0]), prod([2.0], start=0.5)
    (24.0, 1.0)
    """
    items = to_items(xs, "prod")
    try:
        one: S | float = start if start.__class__ is float else mul.apply((start, 1.0))
        return reduce(lambda product, x: mul.apply((product, x)), items, one)
    except TypeError as error:
        raise told(error, "prod", {"start": start} | numbered("xs", items)) from None


@overload
def dist(p: Iterable[float], q: Iterable[float], /) -> float: ...
@overload
def dist(p: Iterable[float], q: Iterable[S], /) -> S: ...
@overload
def dist(p: Iterable[S], q: Iterable[S | float], /) -> S: ...
def dist(p: Iterable[S | float], q: Iterable[S | float], /) -> S | float:
    """The distance between two points; a ValueError if one has more coordinates than the other.

    >>> dist([1.0, 2.0], [4.0, 6.0])
    5.0
    """
    here, there = to_items(p, "p of dist"), to_items(q, "q of dist")
    if len(here) != len(there):
        message = (
            f"dist: expected two points of as many coordinates, got {len(here)} and {len(there)}"
        )
        raise ValueError(message)
    try:
        return hypot.apply([sub.apply(pair) for pair in zip(here, there, strict=True)])
    except TypeError as error:
        numbers = numbered("p", here) | numbered("q", there)
        raise told(error, "dist", numbers) from None


def _some(xs: Iterable[S], function: str) -> tuple[S, ...]:
    """The items of `xs`, at least one."""
    items = to_items(xs, f"xs of {function}")
    if not items:
        message = f"{function}: expected at least one item, got an empty sequence"
        raise ValueError(message)
    return items


def numbered(name: str, items: Iterable[object]) -> dict[str, object]:
    """The items by their paths: name[0], name[1], and so on."""
    return {f"{name}[{i}]": x for i, x in enumerate(items)}


def told(error: TypeError, function: str, numbers: Mapping[str, object]) -> TypeError:
    """The error that names the first of `numbers` that is none; `error` itself if all are."""
    for path, number in numbers.items():
        if not isinstance(number, Operand):
            try:
                to_float(number, f"{path} of {function}")
            except TypeError as clearer:
                return clearer
    return error
