"""The quadratic integrate-and-fire neuron, the smallest system of the package."""
