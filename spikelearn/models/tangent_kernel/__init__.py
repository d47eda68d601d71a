"""Learning in the tangent-kernel regime: wide feedforward networks, their layer kernels and the linearised solution."""
