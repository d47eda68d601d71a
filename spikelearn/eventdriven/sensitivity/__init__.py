"""Derivatives of spike times: the Jacobian of the flow, runs read again from their spikes, forward and adjoint."""
