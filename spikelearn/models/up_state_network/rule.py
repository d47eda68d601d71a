"""The local rule of two terms: every unit sees its own running mean and those of its partners of the other kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_trials.starts import read_rule
from spikelearn.models.ei_trials.terms import TermRates, term_rates
from spikelearn.models.up_state_network.synapses import BLOCKS, UpStateSynapses

if TYPE_CHECKING:
    from spikelearn.models.up_state_network.model import UpStateNetwork

__all__ = ["LocalRule", "local_rates"]


def local_rates(model: UpStateNetwork, rule: Any) -> TermRates:
    """Read a rule of the homeostatic family as rates of the two terms, in pA/Hz^2 a trial.

    Raises
    ------
    TypeError
        It is no rule.
    ValueError
        The rule is another one, of which it is open what it means for single units, or a rate is an array.
    """
    rule = read_rule(EIRates(E_set=float(model.E_set), I_set=float(model.I_set)), rule)
    for name, value in rule.parameters.items():
        if np.ndim(value):
            raise ValueError(f"run_trials: {name} must be one number for UpStateNetwork, got shape {np.shape(value)}")
    rates = term_rates(rule)
    if rates is None:
        raise ValueError(
            "run_trials: the rule for UpStateNetwork must be CrossHomeostatic, Homeostatic or TwoTerm, got "
            f"{rule.label}: it is open which of its activities are the unit's own and which its partners'"
        )
    return rates


class LocalRule:
    r"""Changes the weights after a trial.

    With A the running means of the units and q_i the mean of A over those units of the other kind that send to unit i,

    .. math::

        \Delta J_{EE,ij} &= +A_j [\alpha (I_{set} - q_i) + \beta (E_{set} - A_i)] \\
        \Delta J_{EI,ij} &= -A_j [\alpha (I_{set} - q_i) + \beta (E_{set} - A_i)] \\
        \Delta J_{IE,ij} &= +A_j [-\alpha (E_{set} - q_i) + \beta (I_{set} - A_i)] \\
        \Delta J_{II,ij} &= -A_j [-\alpha (E_{set} - q_i) + \beta (I_{set} - A_i)]

    A unit without such partners has no first term.

    Parameters
    ----------
    model : UpStateNetwork
        Set points, limits and sizes.
    synapses : UpStateSynapses
        Who is connected.
    rates : TermRates
        Rates of both terms.

    References
    ----------
    003 Eq. (9), unit by unit.
    """

    def __init__(self, model: UpStateNetwork, synapses: UpStateSynapses, rates: TermRates) -> None:
        self._n_E, self._n = model.n_E, model.n
        self._set_E, self._set_I = float(model.E_set), float(model.I_set)
        self._rates = rates
        self._low, self._high = (limit * 1e12 * model.scale for limit in (model.plain["W_min"], model.plain["W_max"]))
        self._sources, self._targets = synapses.sources, synapses.targets
        crossed = (self._sources < self._n_E) != (self._targets < self._n_E)
        self._from, self._to = self._sources[crossed], self._targets[crossed]
        self._partners = np.bincount(self._to, minlength=self._n)
        self._from_I = (self._sources >= self._n_E).astype(np.int64)

    def partner_means(self, A: Floats) -> Floats:
        """Give q, the mean of A over the partners of every unit, in Hz; NaN where a unit has none."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.bincount(self._to, A[self._from], minlength=self._n) / self._partners)

    def change(self, A: Floats, seen: Floats, J: Floats) -> Floats:
        """Give the weights after a trial.

        Parameters
        ----------
        A : ndarray, shape (n,)
            Running means, of which the partners' means are taken, in Hz.
        seen : ndarray, shape (n,)
            The same after the floor of 1 Hz.
        J : ndarray, shape (synapses,)
            Weights in pA.
        """
        n_E = self._n_E
        set_other = np.repeat([self._set_I, self._set_E], [n_E, self._n - n_E])
        set_own = np.repeat([self._set_E, self._set_I], [n_E, self._n - n_E])
        cross = np.nan_to_num(set_other - self.partner_means(A))
        cross[n_E:] *= -1.0
        own = set_own - seen
        # What a receiving unit does with its synapses from E (0) and from I (1).
        factor = np.empty((2, self._n))
        for k, name in enumerate(BLOCKS):
            part = slice(0, n_E) if name[2] == "E" else slice(n_E, self._n)
            sign = 1.0 if name[3] == "E" else -1.0
            whole = self._rates.cross[k] * cross[part] + self._rates.own[k] * own[part]
            factor[int(name[3] == "I"), part] = sign * whole
        moved = J + seen[self._sources] * factor[self._from_I, self._targets]
        return np.clip(moved, self._low, self._high)
