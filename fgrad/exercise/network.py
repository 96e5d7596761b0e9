"""Networks made of Values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from fgrad import nn
from fgrad.calculus import tanh
from fgrad.exercise.value import Value
from fgrad.tree import flatten, unflatten

__all__ = ["MLP", "Layer", "Neuron"]

T_co = TypeVar("T_co", bound="nn.Neuron[Value] | nn.Layer[Value] | nn.MLP[Value]", covariant=True)


class _Network(Generic[T_co]):
    """What has parameters: the leaves of `tree`, a frozen network of `fgrad.nn`."""

    def __init__(self, tree: object) -> None:
        numbers, structure = flatten(tree)
        values = [Value(x) for x in numbers if isinstance(x, float)]
        self.tree: T_co = unflatten(structure, values)  # type: ignore[assignment]  # of Values now

    def parameters(self) -> list[Value]:
        """Every weight and bias, always in the same order."""
        return [x for x in flatten(self.tree)[0] if isinstance(x, Value)]

    def zero_grad(self) -> None:
        """Set the grad of every parameter to 0.0."""
        for parameter in self.parameters():
            parameter.grad = 0.0


def _activation(non_linear: bool) -> nn.Activation:
    """tanh, or `linear`; a TypeError to anything but a bool."""
    if not isinstance(non_linear, bool):
        message = f"non_linear: expected a bool, got {type(non_linear).__name__} {non_linear!r:.60}"
        raise TypeError(message)
    return tanh if non_linear else nn.linear


class Neuron(_Network[nn.Neuron[Value]]):
    """tanh(b + w_1 x_1 + … + w_n x_n), or without the tanh if `non_linear` is False.

    The weights are drawn at random, from `random`'s own state or from `seed`; b starts at 0.

    >>> len(Neuron(3).parameters())
    4
    """

    def __init__(
        self, n_features: int, non_linear: bool = True, *, seed: int | None = None
    ) -> None:
        nn.check_size("n_features", n_features)
        layer = nn.Layer.init(n_features, 1, seed=seed, activation=_activation(non_linear))
        super().__init__(layer.neurons[0])

    def __call__(self, xs: Iterable[Value | float]) -> Value:
        """The answer to as many numbers as there are features."""
        return self.tree(xs)


class Layer(_Network[nn.Layer[Value]]):
    """`n_out` neurons side by side on the same `n_in` numbers.

    >>> len(Layer(3, 2)([1, 2, 3]))
    2
    """

    def __init__(
        self, n_in: int, n_out: int, non_linear: bool = True, *, seed: int | None = None
    ) -> None:
        super().__init__(nn.Layer.init(n_in, n_out, seed=seed, activation=_activation(non_linear)))

    def __call__(self, xs: Iterable[Value | float]) -> list[Value]:
        """One Value a neuron."""
        return self.tree(xs)


class MLP(_Network[nn.MLP[Value]]):
    """A multilayer perceptron of tanh neurons: `MLP([2, 4, 4, 1])` has 2 inputs and 1 output.

    >>> network = MLP([2, 4, 4, 1], seed=0)
    >>> len(network.parameters()), len(network([0, 1]))
    (37, 1)
    """

    def __init__(self, sizes: Sequence[int], *, seed: int | None = None) -> None:
        super().__init__(nn.MLP.init(sizes, seed=seed))

    def __call__(self, xs: Iterable[Value | float]) -> list[Value]:
        """The Values that the last layer gives."""
        return self.tree(xs)
