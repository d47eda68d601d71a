"""What a fit to recorded spikes found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.derivatives.directions import UNITS
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.parameters.shapes import fields_html

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Fit"]


@dataclass(frozen=True, eq=False)
class Fit:
    """Parameters of a neuron from recorded spikes.

    Parameters
    ----------
    neuron : AdaptiveLIF
        With the estimates.
    estimates, standard_errors : dict of str to float
        Of the free parameters, SI units. The errors are those of least squares at the optimum, from the residuals
        themselves.
    covariance : ndarray, shape (n_free, n_free)
        Of the logarithms of the parameters (of V_0, of its distance from the threshold).
    jitter : float
        Standard deviation of the recorded spike times about those of the model, seconds.
    recorded : list of ndarray
        The trains that were fitted.
    spikes : ndarray
        Those of the model within the same window, seconds.
    pairs : list of (ndarray, ndarray)
        For each train which spike of the model stands for which recorded one.
    missing, extra : int
        Spikes of the model without a recorded one, and recorded ones without one of the model, over all trains.
    good : bool
        Whether the recorded spikes lie about the model's by less than a twentieth of an interval and none much further
        than the others, nine in ten have a partner, and two starts came to these parameters and none to others that
        are as likely (one is enough where the spikes are met exactly).
    starts, evaluations : int
        Starts that were tried, and runs of the model in all.
    t_stop : float
        End of the window, seconds.
    doubt : str
        Why the fit is not good; empty if it is.

    Examples
    --------
    >>> import spikelearn as sl
    >>> truth = sl.AdaptiveLIF(V_0="24 mV", delta_g=0.1, tau_K="80 ms", t_d="5 ms")
    >>> start = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.05, tau_K="100 ms", t_d="8 ms")
    >>> found = sl.fit(start, sl.simulate(truth, "0.6 s").spikes)
    >>> found.good, found.missing, found.extra, round(found.estimates["V_0"], 6)
    (True, 0, 0, 0.024)
    >>> list(found.table().columns)
    ['parameter', 'estimate', 'standard error', '95 % from', 'to', 'unit']
    """

    neuron: AdaptiveLIF
    estimates: dict[str, float]
    standard_errors: dict[str, float]
    covariance: Floats
    jitter: float
    recorded: list[Floats]
    spikes: Floats
    pairs: list[tuple[Integers, Integers]]
    missing: int
    extra: int
    good: bool
    starts: int
    evaluations: int
    t_stop: float
    doubt: str = ""

    _repr_html_ = fields_html

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Give a confidence interval of one parameter, of the given level, symmetric in its logarithm.

        Student's distribution with as many degrees of freedom as pairs beyond parameters. V_0 is taken from its
        threshold.

        Raises
        ------
        KeyError
            The parameter was not free.
        """
        from scipy.stats import t

        names = list(self.estimates)
        if name not in names:
            raise KeyError(f"Fit.interval: name must be one of {', '.join(names)}, got {name!r}")
        k = names.index(name)
        freedom = max(sum(len(first) for first, _ in self.pairs) - len(names), 1)
        width = float(t.ppf(0.5 + level / 2, freedom) * np.sqrt(self.covariance[k, k]))
        floor = float(self.neuron.theta) if name == "V_0" else 0.0
        above = self.estimates[name] - floor
        return floor + above * float(np.exp(-width)), floor + above * float(np.exp(width))

    def table(self) -> pd.DataFrame:
        """Give a row for each parameter: estimate, standard error, 95 % interval, SI unit."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for name, value in self.estimates.items():
            low, high = self.interval(name)
            rows.append(
                {
                    "parameter": name, "estimate": value, "standard error": self.standard_errors[name],
                    "95 % from": low, "to": high, "unit": UNITS[name],
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    def figure(self) -> Figure:
        """Draw recorded spikes beside the model's, and what is left between them."""
        from spikelearn.derivatives.fit_figure import fit_figure

        return fit_figure(self)

    def __repr__(self) -> str:
        said = ", ".join(
            f"{name}={value:.6g} ({self.standard_errors[name]:.2g})" for name, value in self.estimates.items()
        )
        return (
            f"Fit({said}; SI units; jitter {self.jitter:.3g} s, {self.missing} missing, {self.extra} extra, "
            f"{'good' if self.good else 'not good'})"
        )
