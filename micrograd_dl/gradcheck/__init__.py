"""Gradients held against numerical derivatives: of a graph, and of a model."""
