"""The spiking network in `spikelearn.run_trials`: what is read, what is run, and how it is labelled."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.ei_trials.checkpoint import Keeper, checksum
from spikelearn.models.ei_trials.loop import run_loop
from spikelearn.models.ei_trials.starts import read_sensor
from spikelearn.models.up_state_network.rule import local_rates
from spikelearn.models.up_state_network.runner import ArrayTrials, UpStateTrials
from spikelearn.models.up_state_network.synapses import BLOCKS, UpStateSynapses
from spikelearn.parameters.numbers import one_number, whole_number

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.models.up_state_network.model import UpStateNetwork

__all__ = ["read_synapses", "run_up_states"]


def run_up_states(
    model: UpStateNetwork,
    rule: Any,
    n_trials: int,
    W0: Any,
    *,
    noise: float = 0.0,
    seed: int = 0,
    sensor: float = 2.0,
    variant: str = "matlab",
    A0: Any = (0.0, 0.0),
    engine: str = "array",
    target: str = "auto",
    checkpoint: Any = None,
    checkpoint_every: int | None = None,
    resume: bool | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Run a spiking network in trials.

    Parameters
    ----------
    model : UpStateNetwork
        The network; its noise is its parameter sigma, so that `noise` is left at 0; `variant` and `A0` do not apply.
    rule : Rule
        `TwoTerm`, `CrossHomeostatic` or `Homeostatic`; rates in pA/Hz^2 a trial.
    n_trials, seed, sensor, engine, target, checkpoint, checkpoint_every, resume, progress : optional
        As in `spikelearn.run_trials`. The first trial sets the running means. Checkpoints go with either engine, and
        resume bit for bit.
    W0 : UpStateSynapses
        Such as ``model.draw_synapses(seed)``.

    Returns
    -------
    xarray.Dataset
        Over ``trial``: ``E``, ``I`` (running means after the trial, before their floor of 1 Hz, averaged over
        units, Hz), ``E_trial``, ``I_trial`` (what the sensors saw in the trial), ``W_EE``, ``W_EI``, ``W_IE``, ``W_II``
        (mean weights after the update, pA), ``n_ups`` and ``up_time`` (Up states of the trial, and their length
        together, s); ``rates`` (trial, unit), the running means; and over ``synapse`` ``J0`` and ``J_end`` (pA), in the
        order of `W0`.
    """
    total = whole_number("run_trials: n_trials", n_trials, at_least=1)
    rates = local_rates(model, rule)
    synapses = read_synapses(model, W0)
    if one_number("run_trials: noise", noise) != 0:
        raise ValueError(
            f"run_trials: noise must be left out for UpStateNetwork, which has its own, sigma; got {noise!r}"
        )
    if variant != "matlab":
        raise ValueError(f"run_trials: variant must be 'matlab' for UpStateNetwork, got {variant!r}")
    if np.shape(A0) != (2,) or any(one_number("run_trials: A0", value) != 0 for value in A0):
        raise ValueError(f"run_trials: A0 must be left out for UpStateNetwork: trial 1 sets the means, got {A0!r}")
    if engine != "brian2" and target != "auto":
        raise ValueError(f"run_trials: target must come with engine='brian2', got {target!r}")
    tau, seed = read_sensor(sensor), whole_number("run_trials: seed", seed)
    settings: dict[str, Any] = {
        "model": model.plain,
        "rates": {"cross": list(rates.cross), "own": list(rates.own)},
        "starts": checksum(synapses.sources, synapses.targets, synapses.delays, synapses.J),
        "seed": seed,
        "sensor": tau,
        "engine": engine,
    }
    with contextlib.ExitStack() as stack:
        if engine == "brian2":
            from spikelearn.models.up_state_network.brian import BrianTrials

            spiking: Any = stack.enter_context(BrianTrials(model, synapses, seed, target=target))
            settings["target"] = spiking.target
        else:
            spiking = ArrayTrials(model, synapses, seed)
        keeper = Keeper(checkpoint, checkpoint_every, resume, settings, total)
        runner = UpStateTrials(model, synapses, rates, spiking, tau)
        history = run_loop(runner, total, keeper, progress)
    end = runner.J if keeper.found is None or keeper.found.trial < total else keeper.found.arrays["J"]
    return _label(model, history, synapses, end, {**settings, "dt_ms": 0.1, "n_trials": total})


def read_synapses(model: UpStateNetwork, given: Any, where: str = "run_trials: W0") -> UpStateSynapses:
    """Check that synapses are those of a network of this size.

    Raises
    ------
    TypeError
        They are of another kind.
    ValueError
        They belong to another number of units.
    """
    if not isinstance(given, UpStateSynapses):
        raise TypeError(
            f"{where} must be UpStateSynapses such as model.draw_synapses(seed=0), got {type(given).__name__}"
        )
    if (given.n_E, given.n_I) != (model.n_E, model.n_I):
        raise ValueError(
            f"{where} must connect {model.n_E} E and {model.n_I} I units, got {given.n_E} E and {given.n_I} I"
        )
    return given


def _label(
    model: UpStateNetwork,
    history: dict[str, NDArray[Any]],
    synapses: UpStateSynapses,
    end: NDArray[np.float64],
    settings: dict[str, Any],
) -> xr.Dataset:
    import xarray as xr

    units = {**dict.fromkeys(BLOCKS, "pA"), "n_ups": "1", "up_time": "s"}
    data: dict[str, Any] = {}
    for name, values in history.items():
        dims = ("trial", "unit") if name == "rates" else ("trial",)
        data[name] = (dims, values, {"units": units.get(name, "Hz")})
    data["J0"] = ("synapse", synapses.J, {"units": "pA"})
    data["J_end"] = ("synapse", end, {"units": "pA"})
    coords = {
        "trial": np.arange(1, len(history["E"]) + 1),
        "kind": ("unit", ["E"] * model.n_E + ["I"] * model.n_I),
    }
    attrs = {
        name: value if isinstance(value, (int, float, str)) else json.dumps(value) for name, value in settings.items()
    }
    return xr.Dataset(data, coords=coords, attrs=attrs)
