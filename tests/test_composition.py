"""Compositions: functions written with rows, on floats and within derivatives."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Final

import pytest

import fgrad
from fgrad import clip, dist, log, logsumexp, mean, prod, softmax
from fgrad.exercise import Value

# Handed lambdas of anything: what types these have is tested in tests/typing.
check_grad: Any = fgrad.check_grad
grad: Any = fgrad.grad
jacobian: Any = fgrad.jacobian

XS: Final = [0.3, -1.2, 2.0]


@pytest.mark.parametrize(
    ("x", "held", "slope"),
    [(-2.0, -1.0, 0.0), (-1.0, -1.0, 0.5), (0.3, 0.3, 1.0), (1.5, 1.5, 0.5), (7.0, 1.5, 0.0)],
)
def test_clip(x: float, held: float, slope: float) -> None:
    assert clip(x, -1.0, 1.5) == held
    assert grad(lambda x: clip(x, -1.0, 1.5))(x) == slope


def test_clip_between_numbers_that_vary() -> None:
    assert grad(clip)(0.5, 0.0, 1.0) == (1.0, 0.0, 0.0)
    assert grad(clip)(-0.5, 0.0, 1.0) == (0.0, 1.0, 0.0)
    assert grad(clip)(1.5, 0.0, 1.0) == (0.0, 0.0, 1.0)
    assert math.isnan(clip(math.nan, 0.0, 1.0))
    assert clip(0.5, 1.0, 1.0) == 1.0
    with pytest.raises(ValueError, match=r"clip: expected low <= high, got low 2.0 and high 1.0"):
        clip(0.5, 2.0, 1.0)


def test_prod() -> None:
    for xs in ([], [3], [2.0, 3.0, 4.0], XS, [1e200, 1e200, 2.0], [math.inf, 2.0]):
        assert prod(xs) == math.prod(xs)
        assert type(prod(xs)) is float
    assert grad(prod)([2.0, 3.0, 4.0]) == [12.0, 8.0, 6.0]
    assert grad(prod)([2.0, 0.0, 4.0]) == [0.0, 8.0, 0.0]
    assert grad(prod)([0.0, 0.0, 4.0]) == [0.0, 0.0, 0.0]
    assert grad(lambda x: prod(x for _ in range(5)))(2.0) == 80.0
    check_grad(prod)(XS)


def test_a_product_may_start_with_a_number() -> None:
    starts: list[Any] = [0.5, 2, -0.0, Fraction(1, 4)]
    for start in starts:
        assert repr(prod([2.0, 3], start=start)) == repr(float(math.prod([2.0, 3], start=start)))
        assert repr(prod([], start=start)) == repr(float(start))
    assert grad(lambda x, y: prod([x, x], start=y))(3.0, 2.0) == (12.0, 9.0)
    assert grad(lambda x: prod([2.0, 5.0], start=x))(3.0) == 10.0
    with pytest.raises(TypeError, match="start of prod: expected a real number, got str 'a'"):
        prod([], start="a")  # type: ignore[call-overload]  # that is the point


def test_a_logarithm_has_a_base_as_that_of_python_has() -> None:
    for x, base in ((8.0, 2.0), (5, 3), (0.3, 10.0), (2.0, 0.5), (math.inf, 2.0)):
        assert log(x, base) == math.log(x, base)
    x, base = 5.0, 3.0
    slopes = (1 / (x * math.log(base)), -math.log(x) / (base * math.log(base) ** 2))
    assert grad(log)(x, base) == pytest.approx(slopes, rel=1e-15)
    assert grad(lambda y: log(y, 3))(x) == pytest.approx(slopes[0], rel=1e-15)
    assert grad(lambda y: log(5, y))(base) == pytest.approx(slopes[1], rel=1e-15)
    assert grad(log)(x) == 0.2
    check_grad(log)(x, base)
    for wrong in ((8.0, 1.0), (8.0, 0.0), (0.0, 2.0), (8.0, -1.0)):
        errors = []
        for f in (math.log, log, grad(log)):
            with pytest.raises((ArithmeticError, ValueError)) as error:
                f(*wrong)
            errors.append(error.type)
        assert len(set(errors)) == 1
    with pytest.raises(TypeError, match="base of log: expected a real number, got str"):
        log(8.0, "2")  # type: ignore[call-overload]  # that is the point
    values = (Value(8.0), Value(2.0))
    answer = log(*values)
    answer.backwards()
    assert [answer.data, *(x.grad for x in values)] == [3.0, *grad(log)(8.0, 2.0)]


def test_softmax() -> None:
    whole = sum(map(math.exp, XS))
    shares = [math.exp(x) / whole for x in XS]
    assert softmax(XS) == pytest.approx(shares, rel=1e-15)
    assert softmax(x + 700.0 for x in XS) == pytest.approx(shares, rel=1e-12)
    for i, row in enumerate(jacobian(softmax)(XS)):
        exact = [shares[i] * ((i == j) - share) for j, share in enumerate(shares)]
        assert row == pytest.approx(exact, rel=1e-14)
    with pytest.raises(ValueError, match="softmax: expected at least one item"):
        softmax([])


@pytest.mark.parametrize("count", [2, 3, 4, 5, 7, 12])
def test_a_softmax_of_any_number_of_numbers(count: int) -> None:
    xs = [math.sin(3.0 * i) for i in range(count)]
    whole = math.fsum(map(math.exp, xs))
    shares = [math.exp(x) / whole for x in xs]
    assert softmax(xs) == pytest.approx(shares, rel=1e-14)
    for i, row in enumerate(jacobian(softmax)(xs)):
        exact = [shares[i] * ((i == j) - share) for j, share in enumerate(shares)]
        assert row == pytest.approx(exact, rel=1e-13)


def test_softmax_has_all_its_digits_beside_large_numbers_and_in_the_tails() -> None:
    assert softmax([1e16, 1e16]) == [0.5, 0.5]
    assert softmax([1e10] * 3) == pytest.approx([1 / 3] * 3, rel=1e-15)
    far = jacobian(softmax)([50.0, 1.0, 2.0])
    tails = [math.exp(-49.0), math.exp(-48.0)]
    assert far[0] == pytest.approx([sum(tails), -tails[0], -tails[1]], rel=1e-13)
    assert softmax([3.0]) == [1.0]
    assert jacobian(softmax)([3.0]) == [[0.0]]


def test_the_logsumexp_of_one_number_is_that_number() -> None:
    for x in (-0.0, 0.0, 3.0, -1e300, math.inf, -math.inf):
        assert repr(logsumexp(x)) == repr(x)


def test_logsumexp_has_all_its_digits_beside_large_numbers() -> None:
    for size in (1.0, 1e10, 1e16, -1e16, 1e300):
        slopes = grad(lambda x, y, z: logsumexp(x, y, z))(size, size, size)
        assert slopes == pytest.approx([1 / 3] * 3, rel=1e-15)
    assert grad(lambda x, y, z: logsumexp(x, y, z))(0.0, -40.0, -41.0)[1:] == pytest.approx(
        [math.exp(-40.0), math.exp(-41.0)], rel=1e-14
    )


def test_numbers_of_minus_infinity_have_no_part_in_a_softmax() -> None:
    inf = math.inf
    for xs in ([-inf, -inf, 1.0], [1.0, -inf, -inf], [-inf, 1.0, -inf]):
        share = [float(x == 1.0) for x in xs]
        assert softmax(xs) == share
        assert jacobian(softmax)(xs) == [[0.0] * 3] * 3
        assert logsumexp(*xs) == 1.0
        assert grad(lambda x, y, z: logsumexp(x, y, z))(*xs) == tuple(share)
    assert softmax([inf, 1.0]) == [1.0, 0.0]
    assert logsumexp(-inf, -inf, -inf) == -inf
    assert logsumexp(0.0, inf, 1.0) == inf
    assert all(map(math.isnan, softmax([-inf, -inf])))
    assert all(map(math.isnan, grad(lambda x, y, z: logsumexp(x, y, z))(-inf, -inf, -inf)))


def test_mean() -> None:
    assert mean(XS) == pytest.approx(1.1 / 3, rel=1e-15)
    assert mean(x for x in (1, 2)) == 1.5
    assert grad(mean)(XS) == [1 / 3] * 3
    with pytest.raises(ValueError, match="mean: expected at least one item"):
        mean([])


def test_dist() -> None:
    p, q = [1.0, -2.0, 0.5], [0.2, 1.0, 0.7]
    assert dist(p, q) == math.dist(p, q)
    assert dist(iter(p), tuple(q)) == math.dist(p, q)
    there, back = grad(dist)(p, q)
    assert there == pytest.approx([(a - b) / math.dist(p, q) for a, b in zip(p, q, strict=True)])
    assert back == [-x for x in there]
    assert grad(lambda p: dist(p, q))(p) == there
    assert grad(lambda q: dist(p, q))(q) == back
    assert check_grad(dist)(p, q).agrees
    assert all(map(math.isnan, grad(dist)(p, p)[0]))
    for short in (p[:2], [*q, 1.0]):
        with pytest.raises(ValueError, match="dist: expected two points"):
            dist(p, short)
