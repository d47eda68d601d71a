"""Links from membrane potential to intensity, each with the ratio g'/g that enters every gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters.names import unknown_name

__all__ = ["LIKELIHOODS", "LINKS", "Link", "get_link", "likelihood_code"]


@dataclass(frozen=True)
class Link:
    """An intensity g(u) = rho_0 f(z) with z = (u - v)/Delta_u.

    Parameters
    ----------
    name : str
        What the user types.
    code : int
        What the compiled kernels are told.
    shape : callable
        f(z), elementwise.
    log_slope : callable
        f'(z)/f(z), elementwise; g'(u)/g(u) is this divided by Delta_u.
    log_shape : callable
        log f(z), elementwise, finite where f(z) underflows or overflows.
    brian : str
        The intensity as Brian2 reads it.
    brian_log_slope : str
        g'(u)/g(u) as Brian2 reads it.
    brian_log_shape : str
        log f(z) as Brian2 reads it.
    """

    name: str
    code: int
    shape: Callable[[Floats], Floats]
    log_slope: Callable[[Floats], Floats]
    log_shape: Callable[[Floats], Floats]
    brian: str
    brian_log_slope: str
    brian_log_shape: str


def _sigmoid(z: Floats) -> Floats:
    # Written with exp(-|z|) so that neither tail overflows.
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1.0, small) / (1.0 + small))


def _softplus(z: Floats) -> Floats:
    return np.asarray(np.logaddexp(0.0, z))


def _softplus_log_slope(z: Floats) -> Floats:
    # Both factors underflow together below about -700; their ratio tends to one.
    low = z < -30.0
    safe = np.where(low, 0.0, z)
    return np.asarray(np.where(low, 1.0, _sigmoid(safe) / _softplus(safe)))


def _log_softplus(z: Floats) -> Floats:
    low = z < -30.0
    return np.asarray(np.where(low, z, np.log(_softplus(np.where(low, 0.0, z)))))


# As Brian2 reads them, in forms of exp(-|z|) that neither tail overflows; clip takes the place of min and max.
_Z = "(u - v)/Delta_u"
_SOFTPLUS = f"(clip({_Z}, 0, 1e300) + log1p(exp(-abs({_Z}))))"

LINKS = {
    "exponential": Link("exponential", 0, np.exp, np.ones_like, np.asarray, f"rho_0*exp({_Z})", "1/Delta_u", _Z),
    "sigmoid": Link(
        "sigmoid",
        1,
        _sigmoid,
        lambda z: _sigmoid(-z),
        lambda z: np.minimum(z, 0.0) - np.log1p(np.exp(-np.abs(z))),
        f"rho_0*exp(clip({_Z}, -1e300, 0))/(1 + exp(-abs({_Z})))",
        f"exp(-clip({_Z}, 0, 1e300))/(Delta_u*(1 + exp(-abs({_Z}))))",
        f"clip({_Z}, -1e300, 0) - log1p(exp(-abs({_Z})))",
    ),
    "softplus": Link(
        "softplus",
        2,
        _softplus,
        _softplus_log_slope,
        _log_softplus,
        f"rho_0*{_SOFTPLUS}",
        # With s = log(1 + exp(z)), f'/f = (1 - exp(-s))/s, which tends to one at s = 0.
        f"exprel(-{_SOFTPLUS})/Delta_u",
        # Below z = -30 log f = z to rounding, where f itself is on its way to underflow.
        f"int({_Z} < -30)*({_Z}) + int({_Z} >= -30)*log({_SOFTPLUS} + int({_Z} < -30))",
    ),
}

LIKELIHOODS = {"bernoulli": 0, "poisson": 1, "linear": 2}


def get_link(name: str) -> Link:
    """Give the link of that name.

    Raises
    ------
    ValueError
        There is none; the message holds the nearest name.

    Examples
    --------
    >>> get_link("sigmoid").log_slope(np.array([0.0]))
    array([0.5])
    """
    if name not in LINKS:
        raise ValueError(unknown_name("EscapeNoise", "link", str(name), LINKS))
    return LINKS[name]


def likelihood_code(name: str) -> int:
    """Give the code of a likelihood: exact Bernoulli, Poisson or linear Bernoulli.

    Raises
    ------
    ValueError
        There is none of that name.
    """
    if name not in LIKELIHOODS:
        raise ValueError(unknown_name("EscapeNoise", "likelihood", str(name), LIKELIHOODS))
    return LIKELIHOODS[name]
