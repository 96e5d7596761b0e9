"""Compositions: functions written with rows, on floats and within derivatives."""

from __future__ import annotations

import math
from typing import Any, Final

import pytest

import fgrad
from fgrad import clip, dist, mean, softmax

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
