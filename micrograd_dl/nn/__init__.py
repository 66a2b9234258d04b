"""Neurons, layers and networks of Values, and what networks of all kinds share."""

from micrograd_dl.nn.mlp import MLP, LayerPass
from micrograd_dl.nn.neurons import Layer, Module, Neuron

__all__ = ["MLP", "Layer", "LayerPass", "Module", "Neuron"]
