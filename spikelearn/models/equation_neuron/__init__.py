"""A neuron of your own, by Brian2 equation strings."""
