"""Plasticity rules of rate models: the generic record and the named family."""

from spikelearn.models.ei_rate.rules import (
    CrossHomeostatic,
    ForcedBalance,
    Homeostatic,
    LossApproximate,
    LossGradient,
    SynapticScaling,
    TwoTerm,
)
from spikelearn.rule import Rule

__all__ = [
    "CrossHomeostatic",
    "ForcedBalance",
    "Homeostatic",
    "LossApproximate",
    "LossGradient",
    "Rule",
    "SynapticScaling",
    "TwoTerm",
]
