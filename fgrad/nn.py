"""Networks as frozen trees: a gradient is a network too, and a step of learning makes a new one.

`Neuron`, `Layer` and `MLP` are generic in their leaf. The same classes hold floats, nodes while
`grad` looks through them, and the exercise's Values.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar, overload

from attrs import frozen

from fgrad.calculus import dot, logsumexp, mul, sub, tanh
from fgrad.composition import mean

if TYPE_CHECKING:
    from fgrad.primitive import Operand

__all__ = ["MLP", "Activation", "Layer", "Neuron", "cross_entropy", "mean_squared_error"]

L = TypeVar("L", bound="Operand | float")
S = TypeVar("S", bound="Operand | float")
Activation: TypeAlias = Callable[[Any], Any]
"""A function of one number, such as a row of the table, whatever kind of number it is."""

_Draw: TypeAlias = "ModuleType | random.Random"
_INPUT_GAIN: Final = 1.0
_HIDDEN_GAIN: Final = 5 / 3
_OUTPUT_GAIN: Final = 0.05
_BIAS: Final = 0.05
_INDEPENDENT: Final = 1e-6


def linear(x: S) -> S:
    """x itself: the activation of a neuron that has none."""
    return x


@frozen
class Neuron(Generic[L]):
    """activation(w_1 x_1 + … + w_n x_n + b).

    >>> Neuron((2.0, -1.0), 0.5, linear)([3.0, 1.0])
    5.5
    """

    weights: tuple[L, ...]
    bias: L
    activation: Activation = tanh

    def __call__(self, xs: Iterable[L | float]) -> L:
        """The answer to as many numbers as there are weights: a ValueError to any other number.

        The bias is the weight of a last input that is always 1, so it is all one `dot`.
        """
        inputs = tuple(xs)
        if len(inputs) != len(self.weights):
            message = f"a neuron of {len(self.weights)} weights got {len(inputs)} numbers"
            raise ValueError(message)
        answer: L = self.activation(dot.apply((*self.weights, self.bias, *inputs, 1.0)))
        return answer


@frozen
class Layer(Generic[L]):
    """Neurons side by side, all on the same numbers."""

    neurons: tuple[Neuron[L], ...]

    def __call__(self, xs: Iterable[L | float]) -> list[L]:
        """One number a neuron."""
        inputs = tuple(xs)
        return [neuron(inputs) for neuron in self.neurons]


@frozen
class MLP(Generic[L]):
    """A multilayer perceptron: layers one after another.

    >>> mlp = MLP.init([2, 4, 1], seed=0)
    >>> [len(layer.neurons) for layer in mlp.layers], len(mlp([0.5, -1.0]))
    ([4, 1], 1)
    """

    layers: tuple[Layer[L], ...]

    @staticmethod
    def init(
        sizes: Sequence[int],
        *,
        seed: int | None = None,
        activation: Activation | Sequence[Activation] = tanh,
    ) -> MLP[float]:
        """A network of sizes[0] inputs and one layer for each further size, drawn at random.

        `activation` is that of all layers, or one for each. Without a seed the numbers are drawn
        from the state of the module `random`. How they are drawn: see `_layer`.
        """
        if len(sizes) < 2 or not all(type(size) is int and size > 0 for size in sizes):  # noqa: PLR2004
            message = f"sizes: expected two or more positive ints, got {sizes!r:.60}"
            raise ValueError(message)
        count = len(sizes) - 1
        activations = (activation,) * count if callable(activation) else tuple(activation)
        if len(activations) != count:
            message = f"activation: expected one or {count}, got {len(activations)}"
            raise ValueError(message)
        draw = random if seed is None else random.Random(seed)
        gains = [_INPUT_GAIN, *[_HIDDEN_GAIN] * (count - 2), _OUTPUT_GAIN][-count:]
        drawn = zip(sizes, sizes[1:], gains, activations, strict=False)
        return MLP(tuple([_layer(draw, *columns) for columns in drawn]))

    def __call__(self, xs: Iterable[L | float]) -> list[L]:
        """The numbers that the last layer gives."""
        first, *rest = self.layers
        answers = first(xs)
        for layer in rest:
            answers = layer(answers)
        return answers


def _layer(draw: _Draw, n_in: int, n_out: int, gain: float, activation: Activation) -> Layer[float]:
    """A layer with orthogonal weights times a gain, and small uniform biases.

    Orthogonal weights keep the lengths of signals and gradients (Saxe et al., 2014); a hidden
    layer's gain makes up for what tanh takes away, and that of the last layer is small, so that
    learning begins near 0, whatever was drawn, and not on the flat ends of tanh.
    """
    rows = _orthogonal(draw, n_out, n_in)
    neurons = [
        Neuron(
            tuple([gain * weight for weight in row]),
            draw.uniform(-_BIAS, _BIAS) if gain > _OUTPUT_GAIN else 0.0,
            activation,
        )
        for row in rows
    ]
    return Layer(tuple(neurons))


def _orthogonal(draw: _Draw, n_rows: int, n_columns: int) -> list[list[float]]:
    """A matrix, by rows, whose rows are orthonormal, or its columns if these are fewer.

    The directions are drawn evenly: normal numbers, made orthogonal by Gram and Schmidt's method.
    """
    if n_rows > n_columns:
        columns = _orthogonal(draw, n_columns, n_rows)
        return [list(row) for row in zip(*columns, strict=True)]
    rows: list[list[float]] = []
    while len(rows) < n_rows:
        row = [draw.gauss(0.0, 1.0) for _ in range(n_columns)]
        for other in rows:
            along = dot(row, other)
            row = [x - along * y for x, y in zip(row, other, strict=True)]
        length = math.hypot(*row)
        if length > _INDEPENDENT:
            rows.append([x / length for x in row])
    return rows


@overload
def mean_squared_error(predictions: Iterable[float], targets: Iterable[float]) -> float: ...
@overload
def mean_squared_error(predictions: Iterable[S], targets: Iterable[float]) -> S: ...
def mean_squared_error(predictions: Iterable[S], targets: Iterable[float]) -> S | float:
    """The mean of (prediction - target)²; a ValueError if there are not as many of each.

    >>> mean_squared_error([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    pairs = zip(predictions, targets, strict=True)
    errors = [sub.apply((prediction, target)) for prediction, target in pairs]
    return mean([mul.apply((error, error)) for error in errors])


@overload
def cross_entropy(logits: Sequence[float], label: int) -> float: ...
@overload
def cross_entropy(logits: Sequence[S], label: int) -> S: ...
def cross_entropy(logits: Sequence[S], label: int) -> S | float:
    """-log of the softmax of `logits` at `label`, in nats; nothing overflows.

    >>> cross_entropy([1000.0, 1000.0], 0)
    0.69314718
    """
    return sub.apply((logsumexp.apply(logits), logits[label]))
