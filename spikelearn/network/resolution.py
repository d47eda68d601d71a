"""Whether the times of a network can be told apart by the numbers that hold them."""

from __future__ import annotations

import math

import numpy as np

from spikelearn.network.records import Network
from spikelearn.network.wiring import Wiring

__all__ = ["check_resolution"]

# Of a thousand Poisson events one may fall on the same number as the event before it.
_TOGETHER = 1e-3
# A window, as long as the shortest delay, holds at least so many different times.
_LEAST = 1000


def check_resolution(network: Network, wiring: Wiring, duration: float) -> None:
    """Refuse rates and delays for which time would not advance.

    Parameters
    ----------
    network, wiring
        What runs.
    duration : float
        End of the run, seconds: the largest time, where neighbouring numbers lie farthest apart.

    Raises
    ------
    ValueError
        A Poisson rate or a delay beyond the resolution of time.
    """
    step = math.ulp(duration)
    for drive, rate in zip(network.poisson, wiring.rates, strict=True):
        fastest = float(rate.max(initial=0.0))
        if fastest * step > _TOGETHER:
            raise ValueError(
                f"PoissonInput.rate onto {drive.population} must be at most {_TOGETHER / step:.3g} Hz in a run of "
                f"{duration:g} s, where times are told apart to {step:.2g} s, got {fastest:g} Hz"
            )
    between = int(wiring.start[wiring.n])
    delays = wiring.delay[:between] if len(wiring.delay) > 1 else wiring.delay
    shortest = float(np.min(delays, initial=math.inf)) if between else math.inf
    if shortest < _LEAST * step:
        raise ValueError(
            f"Projection.delay must be at least {_LEAST * step:.3g} s in a run of {duration:g} s, where times are told "
            f"apart to {step:.2g} s, got {shortest:g} s"
        )
