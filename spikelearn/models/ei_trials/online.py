"""Learning without trials: one run with kicks at random, calcium sensors, and a change of the weights in every step."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_trials.protocol import NOISE_DECAY, VARIANTS, Protocol, protocol_of, trial_constants
from spikelearn.models.ei_trials.result import TrialsDivergedError
from spikelearn.models.ei_trials.starts import Starts, read_noise, read_rule, read_starts
from spikelearn.models.ei_trials.terms import term_rates
from spikelearn.parameters.numbers import one_number, whole_number
from spikelearn.progress import progress_bar
from spikelearn.rules.rule import Rule

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "FIRST_KICK",
    "KICK_RATE",
    "NAMES",
    "RECORD_EVERY",
    "OnlineSettings",
    "kick_steps",
    "online_on_array",
    "run_online",
]

# Step of the first kick, 0.2 s; rate of the others in Hz; steps between records, 0.1 s.
FIRST_KICK = 2000
KICK_RATE = 0.1
RECORD_EVERY = 1000
NAMES = ("E", "I", "E_calcium", "I_calcium", "W_EE", "W_EI", "W_IE", "W_II")
_BLOCK = 20_000


@dataclass(frozen=True, eq=False)
class OnlineSettings:
    """What an engine needs.

    Parameters
    ----------
    protocol : Protocol
        Step, kick and floor of the weights; its trial only says how long a run is.
    steps : int
        Steps of the run.
    noise : float
        Size of the noise.
    seed : int
        Seed of kicks and noise.
    sensor : float
        Time constant of the calcium sensors in seconds.
    """

    protocol: Protocol
    steps: int
    noise: float
    seed: int
    sensor: float

    @property
    def decay(self) -> float:
        """Share of the distance to the activity by which a sensor moves in a step."""
        return self.protocol.dt * 1e-3 / self.sensor


def kick_steps(seed: int, start: int, steps: int, dt: float) -> Integers:
    """Give the steps in which kicks of a start begin: one at 0.2 s, others in every step with probability rate x dt.

    Parameters
    ----------
    seed, start : int
        The same pair gives the same kicks, however long the run.
    steps : int
        Kicks from here on are left out.
    dt : float
        Step in ms.
    """
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(start, 0))))
    found, last = [], -1
    while last < steps:
        last += int(rng.geometric(KICK_RATE * dt * 1e-3))
        found.append(last)
    return np.array(sorted({FIRST_KICK, *found[:-1]}), dtype=np.int64)


def run_online(
    model: Any,
    rule: Any,
    n_trials: Any,
    W0: Any,
    *,
    noise: Any,
    seed: Any,
    sensor: Any,
    variant: str,
    A0: Any,
    engine: str,
    target: str,
    progress: bool,
) -> xr.Dataset:
    """Run without trials; see `spikelearn.run_trials`.

    Returns
    -------
    xarray.Dataset
        Over ``time`` in seconds, every 0.1 s, and over ``start`` where several were given: activities ``E`` and ``I``
        and their sensors ``E_calcium`` and ``I_calcium`` (Hz), and the four weights.
    """
    total = whole_number("run_trials: n_trials", n_trials, at_least=1)
    rule = read_rule(model, rule)
    starts = read_starts(model, rule, W0, A0)
    protocol = protocol_of(variant)
    tau = one_number("run_trials: sensor", 1.0 if sensor is None else sensor)
    if not protocol.dt * 1e-3 <= tau < np.inf:
        raise ValueError(f"run_trials: sensor must be seconds, finite and at least a step, got {tau:g}")
    number = whole_number("run_trials: seed", seed)
    settings = OnlineSettings(protocol, total * protocol.steps, read_noise(noise), number, tau)
    used = None
    if engine == "brian2":
        from spikelearn.models.ei_trials.online_brian import online_in_brian

        found, used = online_in_brian(model, rule, starts, settings, target, progress)
    else:
        found = online_on_array(model, rule, starts, settings, progress)
    facts = {
        "model": json.dumps(dict(model.parameters)),
        "rule": json.dumps(dict(rule.dW)),
        "online": 1,
        "noise": settings.noise,
        "seed": settings.seed,
        "sensor": settings.sensor,
        "variant": variant if variant in VARIANTS else "",
        "engine": engine,
        "dt_ms": protocol.dt,
        "n_trials": total,
    }
    return _label(found, starts, facts if used is None else {**facts, "target": used})


def online_on_array(
    model: EIRates, rule: Rule, starts: Starts, settings: OnlineSettings, progress: bool = False
) -> Floats:
    """Run one start after another in compiled code.

    Returns
    -------
    ndarray, shape (starts, records, 8)
        What `NAMES` lists, after every `RECORD_EVERY` steps.

    Raises
    ------
    ValueError
        The rule is none of the three that the compiled code knows.
    """
    from spikelearn.models.ei_trials.online_kernel import online_steps

    rates = term_rates(rule)
    if rates is None:
        raise ValueError(
            f"run_trials: the rule of an online run on the array engine must be CrossHomeostatic, Homeostatic or "
            f"TwoTerm, got {rule.label}; engine='brian2' runs any"
        )
    protocol, n = settings.protocol, starts.W.shape[1]
    every = np.array([np.broadcast_to(rate, (n,)) for rate in (*rates.cross, *rates.own)])
    constants = trial_constants(model, protocol)
    drive = (protocol.kick, protocol.kick_steps, settings.decay, protocol.weight_floor)
    out = np.empty((n, settings.steps // RECORD_EVERY, len(NAMES)))
    size, normals = (settings.noise, NOISE_DECAY), np.empty((_BLOCK if settings.noise else 0, 2))
    blocks = range(0, settings.steps, _BLOCK)
    with progress_bar(shown=progress, total=n * len(blocks), desc="online") as bar:
        for start in range(n):
            kicks = kick_steps(settings.seed, start, settings.steps, protocol.dt)
            state = np.array([0.0, 0.0, *starts.A[:, start], *starts.W[:, start], 0.0, 0.0, 0.0])
            own, sets, place = np.ascontiguousarray(every[:, start]), (model.E_set, model.I_set), 0
            for block, begin in enumerate(blocks):
                if settings.noise:
                    entropy = np.random.SeedSequence(settings.seed, spawn_key=(start, 1 + block))
                    np.random.Generator(np.random.SFC64(entropy)).standard_normal(out=normals)
                stop = min(begin + _BLOCK, settings.steps)
                if place >= 0:
                    place = online_steps(
                        state, own, sets, kicks, place, normals, *size, constants, drive, begin, stop, RECORD_EVERY,
                        out[start],
                    )  # fmt: skip
                bar.update()
    return out


def _label(found: NDArray[Any], starts: Starts, facts: dict[str, Any]) -> xr.Dataset:
    import xarray as xr

    good = np.logical_and.accumulate(np.isfinite(found).all(axis=2), axis=1)
    found = np.where(good[:, :, None], found, np.nan)
    axes = ("start", "time") if starts.many else ("time",)
    data: dict[str, Any] = {}
    for k, name in enumerate(NAMES):
        values = found[:, :, k] if starts.many else found[0, :, k]
        data[name] = (axes, values, {"units": "1" if name.startswith("W") else "Hz"})
    time = np.arange(1, found.shape[1] + 1) * (RECORD_EVERY * facts["dt_ms"] * 1e-3)
    coords: dict[str, Any] = {"time": ("time", time, {"units": "s"})}
    if starts.many:
        coords["start"] = np.arange(len(found))
    result = xr.Dataset(data, coords=coords, attrs=facts)
    bad = np.flatnonzero(~good[:, -1])
    if bad.size:
        text = f"start {bad[0]} diverged: its weights must stay finite, became infinite or NaN; smaller rates may help"
        if bad.size == len(found):
            raise TrialsDivergedError(f"run_trials: {text}", result)
        warnings.warn(
            f"run_trials: {bad.size} of {len(found)} starts diverged, the first {text}", RuntimeWarning, stacklevel=4
        )
    return result
