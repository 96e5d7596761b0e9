"""Compositions: functions written with the rows of the table, and so differentiable as they are."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import accumulate
from math import inf
from typing import Final, TypeVar, overload

from fgrad.calculus import (
    add,
    constant,
    div,
    hypot,
    logaddexp,
    maximum,
    minimum,
    mul,
    sigmoid,
    sub,
    total,
)
from fgrad.description import numbered
from fgrad.primitive import Operand, to_items, told

__all__ = ["clip", "dist", "logsumexp", "mean", "prod", "softmax"]

S = TypeVar("S", bound=Operand | float)
_LARGEST: Final = sys.float_info.max


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
        held = minimum.apply((maximum.apply((x, low)), high))
    except TypeError as error:
        raise told(error, "clip", {"x": x, "low": low, "high": high}) from None
    if low > high:
        message = f"clip: expected low <= high, got low {low!r} and high {high!r}"
        raise ValueError(message)
    return held


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
    try:
        top, below = _below_top(xs) if len(xs) > 2 else (-0.0, xs)  # noqa: PLR2004 - a row has two
        return add.apply((reduce(_log_add_exp, below), top))
    except TypeError as error:
        raise told(error, "logsumexp", numbered("xs", xs)) from None


@overload
def softmax(xs: Iterable[float], /) -> list[float]: ...
@overload
def softmax(xs: Iterable[S], /) -> list[S]: ...
def softmax(xs: Iterable[S], /) -> list[S] | list[float]:
    """exp(x_i) over the sum of them all, for each i; nothing overflows, and tails keep their slope.

    Each is the sigmoid of x_i minus the logsumexp of the others. A ValueError if there are none.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    logits = _some(xs, "softmax")
    try:
        _, below = _below_top(logits)
        rests = _others(below)
        return [sigmoid(sub.apply((x, rest))) for x, rest in zip(below, rests, strict=True)]  # type: ignore[return-value]  # of the kind of xs
    except TypeError as error:
        raise told(error, "softmax", numbered("xs", logits)) from None


def _below_top(xs: Sequence[S]) -> tuple[S, Sequence[S]]:
    """The largest of `xs`, held fixed, and each of them minus it.

    Beside a large number a logarithm would lose its digits. Infinities stay, but for those below a
    number: two of them would have no slope together.
    """
    largest = constant(reduce(lambda x, y: maximum.apply((x, y)), xs))  # type: ignore[arg-type,return-value]  # of xs' kind
    top = minimum.apply((maximum.apply((largest, -_LARGEST)), _LARGEST))
    bottom = sub.apply((minimum.apply((largest, 0.0)), _LARGEST))
    below = [maximum.apply((sub.apply((x, top)), bottom)) for x in xs]
    return top, below  # type: ignore[return-value]  # of the kind of xs


def _others(xs: Sequence[S]) -> list[S]:
    """For each of `xs` the logsumexp of the others."""
    before = [*accumulate(xs, _log_add_exp)]
    after = [*accumulate(reversed(xs), _log_add_exp)][::-1]
    middle = map(_log_add_exp, before[:-2], after[2:])
    return [after[1], *middle, before[-2]] if len(xs) > 1 else [-inf]  # type: ignore[list-item]  # of nothing


def _log_add_exp(x: S, y: S) -> S:
    return logaddexp.apply((x, y))  # type: ignore[return-value]  # a float of floats


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
    items = to_items(xs, "xs", "prod")
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
    here, there = to_items(p, "p", "dist"), to_items(q, "q", "dist")
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
    items = to_items(xs, "xs", function)
    if not items:
        message = f"{function}: expected at least one item, got an empty sequence"
        raise ValueError(message)
    return items
