"""What rules, stability and the symbolic engine need to know of a rate model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

__all__ = ["RateModel"]


class RateModel(Protocol):
    """A network of populations whose activities relax to a steady state set by weights.

    The names tie the parts together: a population ``X`` has the set point ``X_set`` and the time constant ``tau_X``
    among the parameters; activities, weights and parameters are the names that formulas may use.
    """

    @property
    def populations(self) -> tuple[str, ...]:
        """Names of the activities, for example ``("E", "I")``."""

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the weights, for example ``("W_EE", "W_EI", "W_IE", "W_II")``."""

    @property
    def parameters(self) -> Mapping[str, float]:
        """Value of every parameter."""

    @property
    def steady_state(self) -> Mapping[str, str]:
        """For every population X the right side f of X = f(activities, weights) above threshold, as text."""
