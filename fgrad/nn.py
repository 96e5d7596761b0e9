"""Networks as frozen trees: a gradient is a network too, and a step of learning makes a new one.

`Neuron`, `Layer` and `MLP` are generic in their leaf: the same classes hold floats, nodes while
`grad` looks through them, and the exercise's Values.

>>> from fgrad import grad, tree_map
>>> def loss(mlp: MLP[float]) -> float:
...     return mean_squared_error(mlp([0.5, -1.0]), [1.0])
>>> mlp = MLP.init([2, 4, 1], seed=0)
>>> step = tree_map(lambda p, g: p - 0.1 * g, mlp, grad(loss)(mlp))
>>> loss(step) < loss(mlp)
True
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from operator import index
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar, overload

from attrs import frozen

from fgrad.calculus import div, dot, softplus, sub, tanh
from fgrad.composition import logsumexp
from fgrad.description import numbered
from fgrad.graph import Scalar, plain
from fgrad.number import as_float
from fgrad.primitive import to_items, told

if TYPE_CHECKING:
    from fgrad.container import Leaf
    from fgrad.primitive import Operand

__all__ = [
    "MLP",
    "Activation",
    "Layer",
    "Neuron",
    "cross_entropy",
    "linear",
    "mean_squared_error",
]

L_co = TypeVar("L_co", bound="Operand | float", covariant=True)
S = TypeVar("S", bound="Operand | float")
Activation: TypeAlias = Callable[[float], Scalar]
"""A row of the table, or any function of one number written with rows and operators."""

_Draw: TypeAlias = Callable[[float, float], float]
"""A normally distributed random number of this mean and standard deviation."""

_FIRST_GAIN: Final = 0.7
_LAST_GAIN: Final = 0.01
_NORMAL: Final = [i / 8 for i in range(-64, 65)]


def linear(x: S) -> S:
    """x itself: the activation of a neuron that has none."""
    return x


@frozen
class Neuron(Generic[L_co]):
    """activation(w_1 x_1 + … + w_n x_n + b).

    >>> Neuron((2.0, -1.0), 0.5, linear)([3.0, 1.0])
    5.5
    """

    weights: tuple[L_co, ...]
    bias: L_co
    activation: Activation = tanh

    def __attrs_post_init__(self) -> None:
        if not hasattr(self.weights, "__len__"):
            got = f"{type(self.weights).__name__} {self.weights!r:.60}"
            raise TypeError(f"weights: expected a tuple of numbers, got {got}")
        _check_activation("activation", self.activation)

    @overload
    def __call__(self: Neuron[float], xs: Iterable[float]) -> float: ...
    @overload
    def __call__(self: Neuron[float], xs: Iterable[S]) -> S: ...
    @overload
    def __call__(self: Neuron[S], xs: Iterable[S | float]) -> S: ...
    def __call__(self: Neuron[Leaf], xs: Iterable[Leaf]) -> Leaf:
        """The answer to as many numbers as there are weights.

        A ValueError to more or fewer, a TypeError that names the one that is no number. The bias is
        the weight of a last input that is always 1, so it is all one `dot`.
        """
        inputs = to_items(xs, "inputs")
        if len(inputs) != len(self.weights):
            message = (
                f"inputs: expected as many as the neuron has weights, {len(self.weights)}, "
                f"got {len(inputs)}"
            )
            raise ValueError(message)
        try:
            weighted = dot.apply((*self.weights, self.bias, *inputs, 1.0))
        except TypeError as error:
            numbers = numbered("inputs", inputs) | numbered("weights", self.weights)
            raise told(error, "Neuron", numbers | {"bias": self.bias}) from None
        return self.activation(weighted)  # type: ignore[arg-type]  # or an operand


@frozen
class Layer(Generic[L_co]):
    """Neurons side by side, all on the same inputs."""

    neurons: tuple[Neuron[L_co], ...]

    def __attrs_post_init__(self) -> None:
        _check_parts("neurons", self.neurons, Neuron)

    @staticmethod
    def init(
        n_in: int, n_out: int, *, seed: int | None = None, activation: Activation = tanh
    ) -> Layer[float]:
        """A layer of `n_out` neurons on `n_in` inputs, drawn as the first of an `MLP`.

        >>> layer = Layer.init(3, 2, seed=0)
        >>> len(layer.neurons), len(layer.neurons[0].weights)
        (2, 3)
        """
        check_size("n_in", n_in)
        check_size("n_out", n_out)
        _check_activation("activation", activation)
        return _layer(n_in, n_out, _FIRST_GAIN, activation, _draw(seed))

    @overload
    def __call__(self: Layer[float], xs: Iterable[float]) -> list[float]: ...
    @overload
    def __call__(self: Layer[float], xs: Iterable[S]) -> list[S]: ...
    @overload
    def __call__(self: Layer[S], xs: Iterable[S | float]) -> list[S]: ...
    def __call__(self: Layer[Leaf], xs: Iterable[Leaf]) -> Sequence[Leaf]:
        """One number a neuron."""
        inputs = to_items(xs, "inputs")
        return [neuron(inputs) for neuron in self.neurons]


@frozen
class MLP(Generic[L_co]):
    """A multilayer perceptron: layers one after another.

    >>> mlp = MLP.init([2, 4, 1], seed=0)
    >>> [len(layer.neurons) for layer in mlp.layers], len(mlp([0.5, -1.0]))
    ([4, 1], 1)
    """

    layers: tuple[Layer[L_co], ...]

    def __attrs_post_init__(self) -> None:
        _check_parts("layers", self.layers, Layer)

    @staticmethod
    def init(
        sizes: Sequence[int],
        *,
        seed: int | None = None,
        activation: Activation | Sequence[Activation] = tanh,
    ) -> MLP[float]:
        """A network of sizes[0] inputs and one layer for each further size, drawn at random.

        `activation` is that of all layers, or one for each. Without a seed the numbers are drawn
        from the state of the module `random`. A ValueError if the sizes are not two or more
        positive ints, or the activations not as many as the layers, or if the gain of one cannot
        be measured; a TypeError if they are something else altogether.

        Weights are orthogonal times a gain (Saxe, McClelland and Ganguli 2014), biases 0. The gain
        of a hidden layer makes up for what the activation before it takes away (He et al. 2015);
        the first is small enough to keep tanh from its flat ends, and the last so small that
        learning starts near 0 with nothing to unlearn (Andrychowicz et al. 2021).
        """
        _check_sizes(sizes)
        count = len(sizes) - 1
        activations = _activations(activation, count)
        each = "activation" if callable(activation) else "activation[{}]"
        measured = activations[: count - 2]
        hidden = [_gain(each.format(i), one) for i, one in enumerate(measured)]
        gains = [_FIRST_GAIN, *hidden, _LAST_GAIN][-count:]
        draw = _draw(seed)
        rows = zip(sizes[:-1], sizes[1:], gains, activations, strict=True)
        return MLP(tuple([_layer(*row, draw) for row in rows]))

    @overload
    def __call__(self: MLP[float], xs: Iterable[float]) -> list[float]: ...
    @overload
    def __call__(self: MLP[float], xs: Iterable[S]) -> list[S]: ...
    @overload
    def __call__(self: MLP[S], xs: Iterable[S | float]) -> list[S]: ...
    def __call__(self: MLP[Leaf], xs: Iterable[Leaf]) -> Sequence[Leaf]:
        """The numbers that the last layer gives."""
        first, *rest = self.layers
        answers = first(xs)
        for layer in rest:
            answers = layer(answers)
        return answers


def _check_parts(name: str, parts: object, kind: type) -> None:
    expected = f"{name}: expected a tuple of at least one {kind.__name__}"
    if not isinstance(parts, Sequence):
        raise TypeError(f"{expected}, got {type(parts).__name__} {parts!r:.60}")
    if not parts:
        raise ValueError(f"{expected}, got none (MLP.init makes a network from its sizes)")
    for i, part in enumerate(parts):
        if not isinstance(part, kind):
            got = f"{type(part).__name__} {part!r:.60}"
            raise TypeError(f"{name}[{i}]: expected a {kind.__name__}, got {got}")


def check_size(name: str, size: int) -> None:
    """A ValueError that says `name` unless `size` is a positive int."""
    if type(size) is not int or size <= 0:
        message = f"{name}: expected a positive int, got {type(size).__name__} {size!r:.60}"
        raise ValueError(message)


def _check_sizes(sizes: Sequence[int]) -> None:
    expected = "sizes: expected two or more positive ints, as in [2, 4, 1]"
    if not isinstance(sizes, Sequence):
        raise TypeError(f"{expected}, got {type(sizes).__name__} {sizes!r:.60}")
    if len(sizes) < 2 or not all(type(size) is int and size > 0 for size in sizes):  # noqa: PLR2004 - inputs and outputs
        raise ValueError(f"{expected}, got {sizes!r:.60}")


def _activations(
    activation: Activation | Sequence[Activation], count: int
) -> tuple[Activation, ...]:
    """One activation for each of so many layers."""
    if callable(activation) or isinstance(activation, str) or not isinstance(activation, Sequence):
        _check_activation("activation", activation)
        return (activation,) * count
    if len(activation) != count:
        message = f"activation: expected one, or {count}, got {len(activation)}"
        raise ValueError(message)
    for i, one in enumerate(activation):
        _check_activation(f"activation[{i}]", one)
    return tuple(activation)


def _check_activation(name: str, activation: object) -> None:
    if not callable(activation):
        message = (
            f"{name}: expected a function of one number, such as fgrad.tanh, "
            f"got {type(activation).__name__} {activation!r:.60}"
        )
        raise TypeError(message)


def _draw(seed: int | None) -> _Draw:
    if seed is not None and type(seed) is not int:
        message = f"seed: expected an int or None, got {type(seed).__name__} {seed!r:.60}"
        raise TypeError(message)
    return random.gauss if seed is None else random.Random(seed).gauss


def _gain(name: str, activation: Activation) -> float:
    """What keeps numbers at their size: 1.59 for tanh, the root of 2 for relu, 1 for `linear`.

    One over the root mean square of what `activation` makes of a standard normal number.
    """
    weights = [math.exp(-z * z / 2) for z in _NORMAL]
    size = dot(weights, [_square(name, activation, z) for z in _NORMAL])
    if not size:
        raise ValueError(_immeasurable(name, "squares that are all 0"))
    return math.sqrt(sum(weights) / size)


def _square(name: str, activation: Activation, z: float) -> float:
    """The square of what `activation` gives at z; an error that says `name` if it has none."""
    try:
        given = plain(activation(z))
    except (ArithmeticError, ValueError) as error:
        got = f"{type(error).__name__}: {error}, at {z!r}"
        raise ValueError(_immeasurable(name, got)) from error
    number = as_float(given)
    if number is None:
        got = f"{type(given).__name__} {given!r:.60} at {z!r}"
        raise TypeError(_immeasurable(name, got))
    if not math.isfinite(number * number):
        raise ValueError(_immeasurable(name, f"{number!r} at {z!r}"))
    return number * number


def _immeasurable(name: str, got: str) -> str:
    return (
        f"{name}: expected a function whose squares from -8 to 8, where its gain is measured, are "
        f"finite and not all 0, got {got} (or make each layer with Layer.init, which measures none)"
    )


def _layer(n_in: int, n_out: int, gain: float, activation: Activation, draw: _Draw) -> Layer[float]:
    """A layer of orthogonal weights; each neuron's are as large, however many neurons there are."""
    scale = gain * math.sqrt(max(1.0, n_out / n_in))
    weights = [tuple([scale * x for x in row]) for row in _orthogonal(n_out, n_in, draw)]
    return Layer(tuple([Neuron(row, 0.0, activation) for row in weights]))


def _orthogonal(n_rows: int, n_columns: int, draw: _Draw) -> list[tuple[float, ...]]:
    """A matrix, by rows, whose rows are orthonormal, or whose columns are if these are fewer.

    Normal numbers, made orthogonal by Gram and Schmidt's method: no direction is preferred.
    """
    if n_rows > n_columns:
        return list(zip(*_orthogonal(n_columns, n_rows, draw), strict=True))
    rows: list[tuple[float, ...]] = []
    for _ in range(n_rows):
        row = [draw(0.0, 1.0) for _ in range(n_columns)]
        for other in rows:
            along = dot(row, other)
            row = [x - along * y for x, y in zip(row, other, strict=True)]
        length = math.hypot(*row)
        rows.append(tuple([x / length for x in row]))
    return rows


@overload
def mean_squared_error(predictions: Iterable[float], targets: Iterable[float]) -> float: ...
@overload
def mean_squared_error(predictions: Iterable[S], targets: Iterable[S | float]) -> S: ...
def mean_squared_error(predictions: Iterable[S], targets: Iterable[S | float]) -> S | float:
    """The mean of (prediction - target)²; a ValueError if there are none, or not as many of each.

    >>> mean_squared_error([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    predicted = to_items(predictions, "predictions")
    wanted = to_items(targets, "targets")
    if len(predicted) != len(wanted) or not predicted:
        message = (
            "mean_squared_error: expected as many targets as predictions and at least one, "
            f"got {len(predicted)} predictions and {len(wanted)} targets"
        )
        raise ValueError(message)
    try:
        errors = [sub.apply(pair) for pair in zip(predicted, wanted, strict=True)]
    except TypeError as error:
        numbers = numbered("predictions", predicted) | numbered("targets", wanted)
        raise told(error, "mean_squared_error", numbers) from None
    return div.apply((dot.apply((*errors, *errors)), float(len(errors))))


@overload
def cross_entropy(logits: Iterable[float], label: int) -> float: ...
@overload
def cross_entropy(logits: Iterable[S], label: int) -> S: ...
def cross_entropy(logits: Iterable[S], label: int) -> S | float:
    """-log(softmax(logits)[label]), in nats; nothing overflows, and tails keep their digits.

    It is log(1 + exp(logsumexp(others) - own)). A ValueError if `label` is no index of `logits`,
    counted from 0.

    >>> cross_entropy([1000.0, 1000.0], 0)
    0.69314718
    """
    scores = to_items(logits, "logits")
    if not scores:
        raise ValueError("logits: expected at least one number, got none")
    expected = f"label: expected an int from 0 up to, not including, {len(scores)}"
    try:
        place = index(label)
    except TypeError:
        raise TypeError(f"{expected}, got {type(label).__name__} {label!r:.60}") from None
    if not 0 <= place < len(scores):
        raise ValueError(f"{expected}, got {label!r:.60}")
    own, others = scores[place], [x for i, x in enumerate(scores) if i != place]
    try:
        return softplus(sub.apply((logsumexp(*others), own))) if others else sub.apply((own, own))
    except TypeError as error:
        raise told(error, "cross_entropy", numbered("logits", scores)) from None
