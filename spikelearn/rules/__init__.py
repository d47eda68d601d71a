"""Plasticity rules of rate models: the generic record and the named family."""

from spikelearn.rules.family import (
    CrossHomeostatic,
    ForcedBalance,
    Homeostatic,
    LossApproximate,
    LossGradient,
    SynapticScaling,
    TwoTerm,
)
from spikelearn.rules.rule import Rule

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
