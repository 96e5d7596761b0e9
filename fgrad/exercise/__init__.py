"""The exercise: a mutable value that remembers its gradient, and networks made of such values."""

from fgrad.exercise.network import MLP as MLP
from fgrad.exercise.network import Layer as Layer
from fgrad.exercise.network import Neuron as Neuron
from fgrad.exercise.value import Value as Value

__all__ = ["MLP", "Layer", "Neuron", "Value"]
