"""Trials with the weights as they are: spikes, Up states and rates, with a current into the I units where wanted."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.models.up_state_network.detector import BIN, bin_counts, sensor_rates
from spikelearn.models.up_state_network.grid import DT, steps_of
from spikelearn.models.up_state_network.synapses import UpStateSynapses
from spikelearn.models.up_state_network.trial import Injection, Stepper, TrialSpikes, normals_of
from spikelearn.models.up_state_network.trials import read_synapses
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import check_flag, one_number, whole_number
from spikelearn.parameters.units import seconds, si_value
from spikelearn.progress import progress_bar
from spikelearn.simulation.recording import Recording
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.provenance import provenance_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr

    from spikelearn.models.up_state_network.model import UpStateNetwork

__all__ = ["ENGINES", "run_frozen"]

ENGINES = ("array", "brian2")


def run_frozen(
    model: UpStateNetwork,
    synapses: UpStateSynapses,
    n_trials: int = 1,
    *,
    seed: int = 0,
    duration: Any = None,
    injected: Any = 0.0,
    inject_from: Any = None,
    inject_to: Any = None,
    engine: str = "array",
    target: str = "auto",
    progress: bool = False,
) -> Recording:
    """Run trials without learning.

    Parameters
    ----------
    model : UpStateNetwork
        The network.
    synapses : UpStateSynapses
        Connections and weights, such as ``model.trained()``.
    n_trials : int
        How many.
    seed : int
        Seed of the noise; a trial's depends on it and the trial's number alone, as in learning.
    duration : Quantity or float, optional
        Length of a trial in seconds; that of the model if not given.
    injected : Quantity or float
        A current into all I units, in pA where it has no unit; positive excites.
    inject_from, inject_to : Quantity or float, optional
        When it flows, in seconds; from the beginning to the end of a trial if not given.
    engine : {"array", "brian2"}
        Compiled loops, or Brian2.
    target : str
        Brian2's code generation.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    Recording
        ``spikes`` (trials x units; E units first), and ``traces``: over ``trial`` ``E_trial``, ``I_trial`` (what the
        sensors would see, averaged over units, Hz), ``n_ups`` and ``up_time`` (s); over trial and ``time`` (middle of
        the bins of 10 ms, s) ``E_rate`` and ``I_rate`` (Hz); over trial and ``unit`` ``rates`` (Hz).

    Raises
    ------
    ValueError
        A setting is out of range, or the synapses are those of another network.
    """
    total = whole_number("UpStateNetwork.trials: n_trials", n_trials, at_least=1)
    seed = whole_number("UpStateNetwork.trials: seed", seed)
    synapses = read_synapses(model, synapses, "UpStateNetwork.trials: synapses")
    check_flag("UpStateNetwork.trials: progress", progress)
    length = model.plain["duration"] if duration is None else _time("duration", duration)
    steps = steps_of("UpStateNetwork.trials: duration", length * 1e3)
    length = steps * DT / 1e3
    kick = steps_of("UpStateNetwork.t_kick", model.plain["t_kick"] * 1e3)
    if steps <= kick:
        raise ValueError(f"UpStateNetwork.trials: duration must be longer than t_kick, got {length:g} s")
    injection = _injection(injected, inject_from, inject_to, steps)
    if engine not in ENGINES:
        raise ValueError(unknown_name("UpStateNetwork.trials", "engine", str(engine), ENGINES))
    found, used = [], None
    with contextlib.ExitStack() as stack:
        if engine == "brian2":
            from spikelearn.models.up_state_network.brian import BrianTrials

            brian = stack.enter_context(
                BrianTrials(model, synapses, seed, target=target, steps=steps, injection=injection)
            )
            used = brian.target
            found = [brian.spikes(synapses.J, trial) for trial in _counted(total, progress)]
        else:
            stepper = Stepper(model, synapses, steps)
            found = [stepper.run(synapses.J, normals_of(seed, trial), injection) for trial in _counted(total, progress)]
    made = provenance_of(
        model,
        engine=engine,
        target=used,
        dt=DT * 1e-3,
        method="euler",
        seed=seed,
        n_trials=total,
        duration=length,
        injected=injection.current,
        inject_steps=[injection.start, injection.stop],
    )
    return Recording(_trains(model, found, length), _traces(model, found), made)


def _time(name: str, given: Any) -> float:
    value = float(seconds(given, f"UpStateNetwork.trials: {name}"))
    if not 0 <= value < np.inf:
        raise ValueError(f"UpStateNetwork.trials: {name} must be finite and not negative, got {value:g} s")
    return value


def _injection(injected: Any, start: Any, stop: Any, steps: int) -> Injection:
    where = "UpStateNetwork.trials: injected"
    # As weights are, it is in pA where it has no unit.
    if isinstance(injected, str) or hasattr(injected, "dim"):
        current = 1e12 * float(si_value(injected, "1 pA", where))
    else:
        current = one_number(where, injected)
    if not np.isfinite(current):
        raise ValueError(f"UpStateNetwork.trials: injected must be finite, in pA, got {current:g}")
    if not current and (start is not None or stop is not None):
        raise ValueError("UpStateNetwork.trials: inject_from and inject_to must come with injected, a current in pA")
    edges = [
        default if given is None else steps_of(f"UpStateNetwork.trials: {name}", _time(name, given) * 1e3)
        for name, given, default in (("inject_from", start, 0), ("inject_to", stop, steps))
    ]
    if not edges[0] < edges[1] <= steps:
        raise ValueError(
            "UpStateNetwork.trials: inject_from must come before inject_to, and that not after the trial, got "
            f"{edges[0] * DT / 1e3:g} s and {edges[1] * DT / 1e3:g} s of {steps * DT / 1e3:g} s"
        )
    return Injection(current, *edges)


def _counted(total: int, progress: bool) -> Iterator[int]:
    yield from progress_bar(range(1, total + 1), shown=progress, desc="trials")


def _trains(model: UpStateNetwork, found: list[TrialSpikes], length: float) -> SpikeTrains:
    trials = np.repeat(np.arange(len(found)), [len(one.units) for one in found])
    return SpikeTrains.from_indices(
        np.concatenate([one.units for one in found]),
        np.concatenate([one.steps for one in found]) * (DT / 1e3),
        n_units=model.n,
        t_stop=length,
        trials=trials,
        n_trials=len(found),
        unit_columns={"kind": ["E"] * model.n_E + ["I"] * model.n_I},
    )


def _traces(model: UpStateNetwork, found: list[TrialSpikes]) -> xr.Dataset:
    import xarray as xr

    width = BIN * DT / 1e3
    seen = [sensor_rates(model, one) for one in found]
    rates = np.array([one for one, _ in seen])
    ups = [one for _, one in seen]
    parts = {"E": (0, model.n_E), "I": (model.n_E, model.n)}
    # The last bin may be shorter than the others.
    edges = np.minimum(np.arange(-(-found[0].n_steps // BIN) + 1) * BIN, found[0].n_steps) * DT / 1e3
    data: dict[str, Any] = {
        "E_trial": ("trial", rates[:, : model.n_E].mean(axis=1), {"units": "Hz"}),
        "I_trial": ("trial", rates[:, model.n_E :].mean(axis=1), {"units": "Hz"}),
        "n_ups": ("trial", [len(one) for one in ups], {"units": "1"}),
        "up_time": ("trial", [float((one[:, 1] - one[:, 0]).sum()) * width for one in ups], {"units": "s"}),
        "rates": (("trial", "unit"), rates, {"units": "Hz"}),
    }
    for kind, (first, last) in parts.items():
        counts = np.array([bin_counts(one, first, last) for one in found])
        data[f"{kind}_rate"] = (("trial", "time"), counts / ((last - first) * np.diff(edges)), {"units": "Hz"})
    coords = {"trial": np.arange(1, len(found) + 1), "time": ("time", (edges[:-1] + edges[1:]) / 2, {"units": "s"})}
    return xr.Dataset(data, coords=coords)
