"""The adaptive leaky integrate-and-fire neuron with delayed potassium conductance."""
