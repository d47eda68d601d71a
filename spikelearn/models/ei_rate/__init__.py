"""Excitatory and inhibitory rate populations with homeostatic plasticity (Soldado-Magraner et al. 2022)."""
