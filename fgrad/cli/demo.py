"""`fgrad demo`: a graph with its gradient, a network that learns, derivatives of functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fgrad import grad, mean, tanh
from fgrad.cli.expression import evaluate
from fgrad.cli.screen import Screen, progress
from fgrad.draw import picture
from fgrad.exercise import MLP, Value

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["run"]

GRAPH: Final = {
    "x_1": "3",
    "x_2": "4",
    "x_3": "x_1 * x_2",
    "x_4": "5",
    "x_5": "x_4 + x_3",
    "x_6": "2",
    "l": "x_5 * x_6",
}
TOLERANCE: Final = 1e-6  # far above what differences lose, far below any gradient here
XOR: Final = {(0.0, 0.0): 0.0, (0.0, 1.0): 1.0, (1.0, 0.0): 1.0, (1.0, 1.0): 0.0}
SIZES: Final = (2, 4, 4, 1)
STEPS: Final = 300
RATE: Final = 0.3


def run(output: Path) -> None:
    """Show it all, and write the picture of the graph."""
    screen = Screen()
    _show_graph(screen, output)
    _show_network(screen)
    _show_functions(screen)


def _show_graph(screen: Screen, output: Path) -> None:
    values = compute()
    values["l"].backwards()
    picture(values["l"]).save(output)  # before anything is said: it may fail
    screen.heading("A graph and its gradient")
    screen.text("Each number is computed from those above it. The gradient of l says how much")
    screen.text("l grows, per unit, when that number grows a little.", "")
    screen.table(
        ("name", "computed as", ">value", ">gradient of l"),
        ((name, GRAPH[name], f"{v.data:g}", f"{v.grad:g}") for name, v in values.items()),
    )
    error = max(abs(v.grad - difference(name)) for name, v in values.items())
    agree = "agree" if error < TOLERANCE else "DISAGREE"
    screen.text("", f"Finite differences {agree}: the largest deviation is {error:.1e}.")
    screen.text(f"The picture of the graph is {output}.")


def compute(moved: str = "", by: float = 0.0) -> dict[str, Value]:
    """The values of the graph by name, with one of them moved."""
    values: dict[str, Value] = {}
    for name, text in GRAPH.items():
        value = evaluate(text, values, Value)
        values[name] = Value(value.data + by) if name == moved else value
        values[name].name = name
    return values


def difference(name: str, step: float = 1e-3) -> float:
    """The gradient of l with respect to one value, by a central difference."""
    above, below = compute(name, step)["l"], compute(name, -step)["l"]
    return (above.data - below.data) / (2 * step)


def _show_network(screen: Screen) -> None:
    screen.heading(f"A network of {'-'.join(map(str, SIZES))} neurons learns XOR")
    network = MLP(SIZES, seed=0)
    start = mean_error(network).data
    with progress("learning", STEPS) as report:
        for _ in range(STEPS):
            loss = mean_error(network)
            network.zero_grad()
            loss.backwards()
            for parameter in network.parameters():
                parameter.data -= RATE * parameter.grad
            report(loss.data)
    end = mean_error(network).data
    screen.text(f"In {STEPS} steps down the gradient the mean squared error fell")
    screen.text(f"from {start:.4f} to {end:.4f}.", "")
    screen.table(
        ("inputs", ">wanted", ">predicted"),
        (
            (f"{x:g}, {y:g}", f"{wanted:g}", f"{network([x, y])[0].data:.2f}")
            for (x, y), wanted in XOR.items()
        ),
    )


def mean_error(network: MLP) -> Value:
    """The mean squared error of what the network predicts."""
    return mean((network(inputs)[0] - wanted) ** 2 for inputs, wanted in XOR.items())


def _show_functions(screen: Screen) -> None:
    screen.heading("Derivatives of functions")

    def f(x: float, y: float) -> float:
        return x * y + tanh(x)

    screen.text(
        ">>> from fgrad import grad, tanh",
        ">>> f = lambda x, y: x * y + tanh(x)",
        ">>> grad(f)(3.0, 4.0)  # the slope in x, and the slope in y",
        f"{grad(f)(3.0, 4.0)}",
        ">>> grad(grad(lambda x: x**3))(2.0)  # the second derivative",
        f"{grad(grad(lambda x: x**3))(2.0)}",
    )
