"""A network in trials, its weights changed by a rule after each: the one entry point."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_trials.checkpoint import Keeper, checksum
from spikelearn.models.ei_trials.loop import run_loop
from spikelearn.models.ei_trials.protocol import protocol_of, trial_constants
from spikelearn.models.ei_trials.result import to_dataset
from spikelearn.models.ei_trials.starts import Starts, read_noise, read_rule, read_sensor, read_starts
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import check_flag, whole_number
from spikelearn.rules.rule import Rule
from spikelearn.simulation.targets import TARGETS

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["ENGINES", "TrialModel", "run_trials"]

ENGINES = ("array", "brian2")


@runtime_checkable
class TrialModel(Protocol):
    """A model that brings its own run in trials, such as `spikelearn.EIUnits`; `run_trials` hands everything on."""

    def in_trials(self, rule: Any, n_trials: int, W0: Any, **settings: Any) -> xr.Dataset:
        """Run it; the settings are those of `run_trials`."""


def run_trials(
    model: EIRates | TrialModel,
    rule: Any,
    n_trials: int,
    W0: Any,
    *,
    noise: float = 0.0,
    seed: int = 0,
    sensor: float | None = None,
    variant: Literal["matlab", "python"] = "matlab",
    A0: Any = (0.0, 0.0),
    engine: Literal["array", "brian2"] = "array",
    target: str = "auto",
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int | None = None,
    resume: bool | None = None,
    online: bool = False,
    progress: bool = False,
) -> xr.Dataset:
    r"""Kick the populations once a trial, average what they do, and let a rule change the weights after each trial.

    A trial is 20,000 Euler steps of 0.1 ms from E = I = 0, with a kick to E in the middle of the first second. E is
    stepped first and I sees the new E. The mean m of the last half second passes a sensor, A <- A + (m - A)/sensor; the
    rule sees max(1 Hz, A) and the old weights; no weight falls below 0.1.

    Parameters
    ----------
    model : EIRates or EIUnits
        The populations; activities in Hz, times in ms.
    rule : Rule or DerivedRule
        Any rule of this model, rates per trial. Rates may be arrays, one a start. For many units it is
        ``CrossHomeostatic``, ``Homeostatic`` or ``TwoTerm``.
    n_trials : int
        How many trials.
    W0 : sequence of four, mapping, or ndarray of shape (starts, 4)
        Weights before the first trial, W_EE, W_EI, W_IE, W_II, not negative; each of the four a number or an array with
        one a start. For many units a matrix (to, from), or an array of them, such as ``model.draw_weights(seeds)``.
    noise : float
        Size s of the noise, x <- x - 0.1 x + s z in every step, added to the input of each population and carried over
        from trial to trial; its stationary standard deviation is s/sqrt(0.19).
    seed : int
        Seed of the noise. On the array engine a start gets the same noise whatever runs beside it.
    sensor : float, optional
        Time constant of the running mean in trials, 2 unless given; 1 is no filter. Online that of the calcium sensors
        in seconds, 1 unless given.
    variant : {"matlab", "python"}
        Which of the published sources: a kick of 101 steps and a mean of 5001 states, or 100 and 5000.
    A0 : sequence of two, mapping, or ndarray of shape (starts, 2)
        Running means of E and I before the first trial, in Hz.
    engine : {"array", "brian2"}
        Compiled loops, or Brian2, where one run holds all trials. Without noise they agree up to rounding.
    target : str
        Brian2's code generation; only with engine "brian2".
    checkpoint : path, optional
        Folder for the state between trials (array engine).
    checkpoint_every : int, optional
        Trials between checkpoints; 100 unless given.
    resume : bool, optional
        Whether to go on from the checkpoint there, if there is one; the result is the same to the bit. `n_trials` may
        be larger than it was.
    online : bool
        Whether to learn without trials, in one run as long as `n_trials` trials of 2 s: kicks at 0.2 s and at random
        with 0.1 Hz, calcium sensors c <- c + (X - c) dt/tau instead of running means (from `A0`), and a change of the
        weights in every step by what the sensors show, with rates per step and no floor of 1 Hz. The array engine then
        knows ``CrossHomeostatic``, ``Homeostatic`` and ``TwoTerm``; Brian2 runs any rule. There are no checkpoints.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    xarray.Dataset
        Over ``trial`` (1, 2, ...), and over ``start`` where several were given: ``E``, ``I`` (running means after the
        trial, Hz), ``E_trial``, ``I_trial`` (means of the trial, Hz), and the four weights after the update.
        ``stopped`` is the trial in which a start diverged (0: never); its rows are NaN from there on. Many units give
        means over units, and ``rates`` (trial, unit) and ``W_end`` (to, from) beside them. Online it is over ``time``
        (s), every 0.1 s: ``E``, ``I``, ``E_calcium``, ``I_calcium`` (Hz) and the weights.

    Raises
    ------
    TypeError
        Model or rule is of another kind.
    ValueError
        A setting is out of range, the rule is of another model, or the checkpoint is of another run.
    TrialsDivergedError
        The weights of every start became infinite or NaN; ``dataset`` holds the trials before.
    FileExistsError
        The folder holds a checkpoint and `resume` is not True.

    Warns
    -----
    RuntimeWarning
        Some starts, but not all, diverged; the first is named.

    References
    ----------
    Soldado-Magraner, Seay, Laje & Buonomano 2022, PNAS 119: e2200621119, the simulations of two populations.

    Examples
    --------
    >>> import spikelearn as sl
    >>> rule = sl.rules.CrossHomeostatic(alpha_EE=5e-4, alpha_EI=5e-4, alpha_IE=5e-4, alpha_II=5e-4)
    >>> run = run_trials(sl.EIRates(), rule, 500, (2.1, 3.0, 4.0, 1.5))
    >>> [round(float(run[name][-1]), 4) for name in ("E", "I", "W_EE", "W_EI", "W_IE", "W_II")]
    [5.2964, 13.9764, 4.5028, 0.9836, 5.6453, 0.1]
    """
    if engine not in ENGINES:
        raise ValueError(unknown_name("run_trials", "engine", str(engine), ENGINES))
    if target not in (*TARGETS, "auto"):
        raise ValueError(unknown_name("Brian2", "target", str(target), (*TARGETS, "auto")))
    if target != "auto" and engine != "brian2":
        raise ValueError(f"run_trials: target must come with engine='brian2', got {target!r} with {engine!r}")
    check_flag("run_trials: online", online)
    if isinstance(model, TrialModel):
        if online:
            raise ValueError("run_trials: online=True must be given a spikelearn.EIRates")
        return model.in_trials(
            rule,
            n_trials,
            W0,
            noise=noise,
            seed=seed,
            sensor=2.0 if sensor is None else sensor,
            variant=variant,
            A0=A0,
            engine=engine,
            target=target,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
            resume=resume,
            progress=progress,
        )
    if online:
        if checkpoint is not None or resume or checkpoint_every is not None:
            raise ValueError("run_trials: checkpoints must come with trials, not with online=True")
        from spikelearn.models.ei_trials.online import run_online

        shared = {"noise": noise, "seed": seed, "sensor": sensor, "variant": variant, "A0": A0, "engine": engine}
        return run_online(model, rule, n_trials, W0, **shared, target=target, progress=progress)
    total = whole_number("run_trials: n_trials", n_trials, at_least=1)
    rule = read_rule(model, rule)
    starts = read_starts(model, rule, W0, A0)
    protocol, size, tau = protocol_of(variant), read_noise(noise), read_sensor(2.0 if sensor is None else sensor)
    seed = whole_number("run_trials: seed", seed)
    trial_constants(model, protocol)
    settings = _settings(model, rule, starts, noise=size, seed=seed, sensor=tau, variant=variant)
    if engine == "brian2":
        if checkpoint is not None or resume or checkpoint_every is not None:
            raise ValueError("run_trials: checkpoints must come with engine='array'; a run on Brian2 is one piece")
        from spikelearn.models.ei_trials.brian import run_in_brian

        history, used, _ = run_in_brian(
            model, rule, protocol, starts, total, size, seed, tau, target, progress=progress
        )
    else:
        from spikelearn.models.ei_trials.rates import RateTrials

        keeper = Keeper(checkpoint, checkpoint_every, resume, settings, total)
        runner = RateTrials(model, rule, protocol, starts, size, seed, tau)
        history, used = run_loop(runner, total, keeper, progress), None
    facts = {"engine": engine, "target": used, "dt_ms": protocol.dt, "n_trials": total}
    return to_dataset(model, history, starts, {**settings, **facts})


def _settings(model: EIRates, rule: Rule, starts: Starts, **settings: Any) -> dict[str, Any]:
    """Give everything that a run depends on as numbers and text; long arrays as checksums."""
    rates = {
        name: float(value) if np.ndim(value) == 0 else checksum(np.asarray(value))
        for name, value in rule.parameters.items()
    }
    return {
        "model": dict(model.parameters),
        "rule": dict(rule.dW),
        "rates": rates,
        "starts": checksum(starts.W, starts.A),
        **settings,
    }
