"""Plasticity by the timing of pairs of spikes."""

from __future__ import annotations

from typing import Any

from spikelearn.network.plasticity import Plasticity

__all__ = ["pair_stdp"]

_SOURCE = "Song, Miller & Abbott 2000, Nature Neuroscience 3:919"
_BOUNDED = "Guetig, Aharonov, Rotter & Sompolinsky 2003, Journal of Neuroscience 23:3697"


def pair_stdp(
    A_plus: Any,
    A_minus: Any,
    tau_plus: Any = "20 ms",
    tau_minus: Any = "20 ms",
    limits: tuple[Any, Any] | None = None,
    *,
    pairing: str = "all",
    mu_plus: float = 0.0,
    mu_minus: float = 0.0,
    unit: str = "V",
) -> Plasticity:
    """Make the rule by which pre before post strengthens a synapse and post before pre weakens it.

    A pair with the arrival s before the spike of the target adds ``A_plus e^{-s/tau_plus}``, one with the arrival s
    after it takes ``A_minus e^{-s/tau_minus}``. The two at one instant count as pre before post.

    Parameters
    ----------
    A_plus, A_minus : Quantity or str
        Largest change of the weight by one pair, volts.
    tau_plus, tau_minus : Quantity or str
        How long an arrival and a spike of the target are remembered.
    limits : tuple of Quantity or str, optional
        Lowest and highest weight.
    pairing : {"all", "nearest"}
        Whether every earlier spike of the other side counts, or only the latest.
    mu_plus, mu_minus : float
        Dependence on the weight: changes are multiplied by ``((w_max - w)/(w_max - w_min))**mu_plus`` and
        ``((w - w_min)/(w_max - w_min))**mu_minus``. Both 0: additive; both 1: multiplicative; 0 and 1: as van Rossum et
        al. 2000. Other values than 0 need `limits`.
    unit : str
        Unit of the weight, see `Plasticity`.

    Returns
    -------
    Plasticity

    Raises
    ------
    ValueError
        A pairing that is not known, a negative exponent, or an exponent without limits.

    References
    ----------
    Song, Miller & Abbott 2000, Nature Neuroscience 3:919; Morrison, Diesmann & Gerstner 2008, Biological Cybernetics
    98:459 (pairings); Guetig, Aharonov, Rotter & Sompolinsky 2003, Journal of Neuroscience 23:3697 (exponents);
    van Rossum, Bi & Turrigiano 2000, Journal of Neuroscience 20:8812.

    Examples
    --------
    >>> pair_stdp("10 uV", "10.5 uV", limits=("0 mV", "1 mV"))
    Plasticity(on_pre: x = x + 1, w = w - A_minus*y; on_post: y = y + 1, w = w + A_plus*x)
    """
    if pairing not in ("all", "nearest"):
        raise ValueError(f"pair_stdp.pairing must be 'all' or 'nearest', got {pairing!r}")
    parameters = {"A_plus": A_plus, "A_minus": A_minus}
    down, up = "A_minus*y", "A_plus*x"
    for name, exponent in (("mu_plus", mu_plus), ("mu_minus", mu_minus)):
        if not exponent >= 0.0:
            raise ValueError(f"pair_stdp.{name} must not be negative, got {exponent}")
        if exponent > 0.0:
            if limits is None:
                raise ValueError(f"pair_stdp.{name} must be 0 where there are no limits, got {exponent}")
            parameters.update({name: exponent, "w_min": limits[0], "w_max": limits[1]})
    if mu_plus > 0.0:
        up += "*((w_max - w)/(w_max - w_min))**mu_plus"
    if mu_minus > 0.0:
        down += "*((w - w_min)/(w_max - w_min))**mu_minus"
    step = "{0} + 1" if pairing == "all" else "1"
    return Plasticity(
        traces={"x": tau_plus, "y": tau_minus},
        on_pre={"x": step.format("x"), "w": f"w - {down}"},
        on_post={"y": step.format("y"), "w": f"w + {up}"},
        parameters=parameters,
        limits=limits,
        source=_BOUNDED if mu_plus > 0.0 or mu_minus > 0.0 else _SOURCE,
        unit=unit,
    )
