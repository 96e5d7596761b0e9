"""Compiled functions against the libraries that compile, side by side, nanoseconds a call.

Run it pinned to one core: `taskset -c 0 python tests/bench/jit.py`. The peers (jax, casadi, numba,
micrograd) are measured where they are installed. Each figure is the median of rounds in which all
take turns; a call goes from Python floats to Python floats.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from timeit import Timer
from typing import Any

import fgrad
from fgrad import elementary, grad, jit, value_and_grad

ROUNDS = 15
POINT = (0.7, -0.4)


def network(x: Any, y: Any, tanh: Callable[[Any], Any]) -> Any:
    """114 operations on two numbers, 7 of them tanh."""
    t, s = x, y
    for _ in range(7):
        a = x * t + y * s
        d = tanh(a)
        e = d * x
        h = (e - y) * 0.5 + t
        k = (h * d - s) * 0.25
        t, s = ((k + e) * y - a) * 0.125 + d, k
    return t * s + x


def rosenbrock(x: Any, y: Any) -> Any:
    """Rosenbrock's banana."""
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def ours(x: float, y: float) -> float:
    """The network with fgrad's tanh."""
    return network(x, y, fgrad.tanh)  # type: ignore[no-any-return]  # a float of floats


def by_hand(x: float, y: float) -> tuple[float, tuple[float, float]]:
    """The network and its gradient as one writes them by hand: there and back."""
    t, s = x, y
    kept = []
    for _ in range(7):
        a = x * t + y * s
        d = math.tanh(a)
        e = d * x
        h = (e - y) * 0.5 + t
        k = (h * d - s) * 0.25
        kept.append((t, s, d, e, h, k))
        t, s = ((k + e) * y - a) * 0.125 + d, k
    answer = t * s + x
    slope_x, slope_y, slope_t, slope_s = 1.0, 0.0, s, t
    for t, s, d, e, h, k in kept[::-1]:
        outer = slope_t * 0.125
        slope_y += outer * (k + e)
        inner = (slope_s + outer * y) * 0.25
        slope_h = inner * d
        slope_e = outer * y + slope_h * 0.5
        slope_y -= slope_h * 0.5
        slope_x += slope_e * d
        slope_a = (slope_t + inner * h + slope_e * x) * (1.0 - d * d) - outer
        slope_x += slope_a * t
        slope_y += slope_a * s
        slope_t, slope_s = slope_h + slope_a * x, slope_a * y - inner
    return answer, (slope_x + slope_t, slope_y + slope_s)


def of_numba(f: Callable[..., Any]) -> Callable[..., Any]:
    """The straight lines that fgrad makes of `f`, compiled by numba."""
    numba = import_module("numba")
    slope = numba.njit(elementary.sech_squared)
    scope: dict[str, Any] = {"tanh": math.tanh, "tanh_slope": numba.njit(lambda x, _: slope(x))}
    exec(jit(f).source(*POINT), scope)  # noqa: S102 - the source is ours
    compiled: Callable[..., Any] = numba.njit(scope["function"])
    return compiled


def of_jax(f: Callable[..., Any]) -> Callable[..., Any]:
    """JAX's value and gradient of `f`, as floats."""
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", val=True)
    compiled = jax.jit(jax.value_and_grad(f, argnums=(0, 1)))

    def call(x: float, y: float) -> tuple[float, tuple[float, float]]:
        value, (slope_x, slope_y) = compiled(x, y)
        return float(value), (float(slope_x), float(slope_y))

    return call


def of_casadi(f: Callable[..., Any]) -> Callable[..., Any]:
    """CasADi's Function of the value and both slopes of `f`."""
    casadi = import_module("casadi")
    x, y = casadi.SX.sym("x"), casadi.SX.sym("y")
    value = f(x, y)
    answers = [value, casadi.gradient(value, x), casadi.gradient(value, y)]
    compiled: Callable[..., Any] = casadi.Function("f", [x, y], answers)
    return compiled


def of_micrograd(f: Callable[..., Any]) -> Callable[..., Any]:
    """Micrograd's forward and backward pass through `f`."""
    value = import_module("micrograd.engine").Value

    def call(x: float, y: float) -> tuple[float, float]:
        leaves = value(x), value(y)
        f(*leaves).backward()
        return leaves[0].grad, leaves[1].grad

    return call


def peers() -> Iterator[tuple[str, str, Callable[[], Callable[..., Any]]]]:
    """Every competitor: what it computes, its name, and how it is made."""
    f, banana = "value and gradient, 114 operations", "Rosenbrock, value and gradient"
    yield f, "fgrad, native", lambda: jit(value_and_grad(ours), native=True)
    yield f, "fgrad, Python source", lambda: jit(value_and_grad(ours), native=False)
    yield f, "fgrad, eager", lambda: value_and_grad(ours)
    yield f, "Python, by hand", lambda: by_hand
    yield f, "numba, by hand", lambda: import_module("numba").njit(by_hand)
    yield f, "numba, the same lines", lambda: of_numba(value_and_grad(ours))
    yield (
        f,
        "CasADi Function",
        lambda: of_casadi(partial(network, tanh=import_module("casadi").tanh)),
    )
    jax_tanh = lambda x: import_module("jax.numpy").tanh(x)  # noqa: E731 - only where jax is
    yield f, "jax.jit, floats", lambda: of_jax(partial(network, tanh=jax_tanh))
    yield banana, "fgrad, native", lambda: jit(value_and_grad(rosenbrock), native=True)
    yield banana, "fgrad, gradient alone", lambda: jit(grad(rosenbrock), native=True)
    yield banana, "fgrad, Python source", lambda: jit(value_and_grad(rosenbrock), native=False)
    yield banana, "fgrad, eager", lambda: value_and_grad(rosenbrock)
    yield banana, "CasADi Function", lambda: of_casadi(rosenbrock)
    yield banana, "jax.jit, floats", lambda: of_jax(rosenbrock)
    yield banana, "micrograd", lambda: of_micrograd(rosenbrock)
    yield "x + y", "fgrad, native", lambda: jit(lambda x, y: x + y, native=True)
    yield "x + y", "a Python lambda", lambda: lambda x, y: x + y


def main() -> None:
    """Print the table."""
    made: list[tuple[str, str, Timer, int]] = []
    for what, name, make in peers():
        try:
            f = make()
        except ImportError as error:
            print(f"{name}: {error}")
            continue
        for _ in range(3):
            f(*POINT)
        timer = Timer("f(x, y)", globals={"f": f, "x": POINT[0], "y": POINT[1]})
        made.append((what, name, timer, max(1, timer.autorange()[0] // 20)))
    rounds = [[timer.timeit(count) / count for _, _, timer, count in made] for _ in range(ROUNDS)]
    first: dict[str, float] = {}
    for (what, name, _, _), times in zip(made, zip(*rounds, strict=True), strict=True):
        median = statistics.median(times)
        ratio = median / first.setdefault(what, median)
        print(f"{what:36} {name:24} {median * 1e9:12,.0f} ns {ratio:10.1f}")


if __name__ == "__main__":
    main()
