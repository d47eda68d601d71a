"""The published protocol of one trial, in its variants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spikelearn.models.ei_rate.model import EIRates
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number

__all__ = ["NOISE_DECAY", "TINY", "VARIANTS", "Protocol", "protocol_of", "trial_constants"]

# An activity below this (Hz) counts as zero: a decay would otherwise end in denormal numbers, which are slow.
TINY = 1e-30
# Share of the noise that a step takes away: with unit normals times s the stationary sd is s/sqrt(1 - 0.81).
NOISE_DECAY = 0.1


@dataclass(frozen=True)
class Protocol:
    """What happens in a trial and after it; steps count from 0.

    Parameters
    ----------
    steps : int
        Euler steps of a trial.
    dt : float
        Their width in ms.
    kick : float
        Input to E during the kick.
    kick_start, kick_stop : int
        The kick lasts for steps ``kick_start <= k < kick_stop``.
    window : int
        How many of the last states of a trial are averaged.
    rate_floor : float
        Activities that the rule sees are at least this, in Hz.
    weight_floor : float
        Weights are at least this after an update.

    References
    ----------
    Soldado-Magraner, Seay, Laje & Buonomano 2022, the published simulations. The Matlab source writes the kick as
    ``2500:2600``, 101 steps, and the window as 5001; the Python source has 100 and 5000.

    Examples
    --------
    >>> from spikelearn.models.ei_trials import Protocol
    >>> protocol = Protocol()
    >>> protocol.steps * protocol.dt, protocol.kick_steps, protocol.window_start  # ms, steps, first step averaged
    (2000.0, 101, 14999)
    """

    steps: int = 20_000
    dt: float = 0.1
    kick: float = 7.0
    kick_start: int = 2499
    kick_stop: int = 2600
    window: int = 5001
    rate_floor: float = 1.0
    weight_floor: float = 0.1

    def __post_init__(self) -> None:
        for name in ("steps", "kick_start", "kick_stop", "window"):
            whole_number(f"Protocol.{name}", getattr(self, name))

    @property
    def kick_steps(self) -> int:
        """How many steps the kick lasts."""
        return self.kick_stop - self.kick_start

    @property
    def window_start(self) -> int:
        """The first step whose result is averaged."""
        return self.steps - self.window


VARIANTS = {"matlab": Protocol(), "python": Protocol(kick_start=2500, kick_stop=2600, window=5000)}
"""The protocol of each of the published sources, by name."""


def protocol_of(variant: Any) -> Protocol:
    """Give the protocol of a variant by name.

    Parameters
    ----------
    variant : str
        "matlab" or "python", see `spikelearn.run_trials`.

    Returns
    -------
    Protocol

    Raises
    ------
    ValueError
        There is no such variant.

    Examples
    --------
    >>> from spikelearn.models.ei_trials import protocol_of
    >>> [protocol_of(variant).kick_steps for variant in ("matlab", "python")]
    [101, 100]
    """
    if variant not in VARIANTS:
        raise ValueError(unknown_name("run_trials", "variant", str(variant), VARIANTS))
    return VARIANTS[variant]


def trial_constants(model: EIRates, protocol: Protocol) -> tuple[float, ...]:
    """Give the numbers that every engine steps with.

    Returns
    -------
    tuple
        dt/tau_E, dt/tau_I, g_E, g_I, Theta_E - I_ext, Theta_I, E_max, I_max.

    Raises
    ------
    ValueError
        A time constant is shorter than the step, with which Euler's method overshoots below zero.
    """
    for name in model.populations:
        tau = model.parameters[f"tau_{name}"]
        if tau < protocol.dt:
            raise ValueError(
                f"run_trials: EIRates.tau_{name} must be at least the step of {protocol.dt:g} ms, got {tau:g} ms"
            )
    return (
        protocol.dt / model.tau_E,
        protocol.dt / model.tau_I,
        model.g_E,
        model.g_I,
        model.Theta_E - model.I_ext,
        model.Theta_I,
        model.E_max,
        model.I_max,
    )
