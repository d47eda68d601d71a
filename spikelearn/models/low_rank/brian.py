"""Low-rank networks in Brian2: the sums go through p overlaps, in the right order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats, Integers

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank
    from spikelearn.models.low_rank.sampling import Vectors

__all__ = ["brian_objects", "equations", "erf_function", "run_network"]


def equations(model: LowRank) -> str:
    """Give the equations of one unit: x, its input h from the overlaps, and what comes from outside."""
    terms = ["h", *(f"i_{k}*u_{k}(t)" for k in range(model.q)), *(["r"] if model.g else [])]
    lines = [
        f"dx/dt = ({model.nonlinearity.brian('y')} - x)/tau : 1",
        f"y = {' + '.join(terms)} : 1",
        "h : 1",
        *(f"i_{k} : 1 (constant)" for k in range(model.q)),
        *(["r : 1"] if model.g else []),
    ]
    return "\n".join(lines)


def erf_function() -> Any:
    """Make the error function known to Brian2 on its three targets, under the name erf_."""
    from brian2 import Function
    from scipy.special import erf

    function = Function(erf, arg_units=[1], return_unit=1, arg_names=["x"])
    function.implementations.add_implementation("numpy", erf)
    function.implementations.add_implementation(
        "cpp", "inline double erf_(double x) { return std::erf(x); }", name="erf_"
    )
    cython = "from libc.math cimport erf\ncdef double erf_(double x):\n    return erf(x)\n"
    function.implementations.add_implementation("cython", cython, name="erf_")
    return function


def brian_objects(
    model: LowRank, vectors: Vectors, x: Floats, drive: Floats, dt: float, *, method: str = "euler"
) -> tuple[Any, ...]:
    """Build units, overlaps and the connections between them for a Brian2 Network; the time constant is one second.

    The sum m = (1/n) xi x runs before the sum h = eta^T m. Brian2 gives both the same place in a step and then goes by
    name, so that h would use the m of the step before; the order of the first is therefore set.

    Parameters
    ----------
    model, vectors : LowRank, Vectors
        The network.
    x : ndarray, shape (n,)
        State at time 0.
    drive : ndarray, shape (steps, q)
        External input of every step.
    dt : float
        Step in seconds.
    method : str
        Brian2's integration method.

    Returns
    -------
    tuple
        The NeuronGroup of units, that of overlaps (m), and the Synapses.
    """
    from brian2 import NeuronGroup, Synapses, TimedArray, second

    step = dt * second
    space: dict[str, Any] = {"tau": 1 * second}
    for k in range(model.q):
        space[f"u_{k}"] = TimedArray(np.ascontiguousarray(drive[:, k]), dt=step)
    text = equations(model)
    if "erf_(" in text:
        space["erf_"] = erf_function()
    units = NeuronGroup(vectors.n, text, method=method, dt=step, namespace=space, name="low_rank_units*")
    units.x = x
    for k in range(model.q):
        setattr(units, f"i_{k}", vectors.inputs[k])
    overlaps = NeuronGroup(model.p, "m : 1", dt=step, name="low_rank_overlaps*")
    inwards = Synapses(units, overlaps, "w : 1 (constant)\nm_post = w*x_pre : 1 (summed)", dt=step)
    inwards.connect()
    inwards.w = _by_synapse(inwards, vectors.xi.T / vectors.n)
    inwards.summed_updaters["m_post"].order = -2
    outwards = Synapses(overlaps, units, "w : 1 (constant)\nh_post = w*m_pre : 1 (summed)", dt=step)
    outwards.connect()
    outwards.w = _by_synapse(outwards, vectors.eta)
    found = [units, overlaps, inwards, outwards]
    if vectors.chi is not None:
        random = Synapses(units, units, "w : 1 (constant)\nr_post = w*x_pre : 1 (summed)", dt=step)
        random.connect()
        random.w = _by_synapse(random, model.g / np.sqrt(vectors.n) * vectors.chi.T)
        found.append(random)
    return tuple(found)


def _by_synapse(synapses: Any, weights: Floats) -> Floats:
    """Weights (from, to) in the order of an all-to-all connection, whose synapses run over targets first."""
    if len(synapses.source) * len(synapses.target) != weights.size:
        raise ValueError(f"brian_objects: weights must be all to all, got shape {weights.shape}")
    return np.ascontiguousarray(weights).reshape(-1)


def run_network(
    model: LowRank,
    vectors: Vectors,
    x: Floats,
    n_steps: int,
    dt: float,
    *,
    drive: Floats,
    every: int,
    units: Integers,
    target: str = "numpy",
    method: str = "euler",
    seed: int | None = None,
    progress: bool | str = False,
) -> tuple[Floats, Floats]:
    """Run a network on Brian2; give overlaps (k, p) and the x of chosen units (k, units) at steps 0, every, ..."""
    from brian2 import Network, StateMonitor, second

    from spikelearn.brian.session import session

    with session(target, seed) as brian:
        objects = brian_objects(model, vectors, x, drive, dt, method=method)
        step = every * dt * second
        # Read in the group's own place, once summed: at the begin of a step they would be those of the step before.
        monitors = [StateMonitor(objects[1], "m", record=True, dt=step, when="groups", order=-1)]
        if len(units):
            chosen = [int(i) for i in units]
            monitors.append(StateMonitor(objects[0], "x", record=chosen, dt=step, when="start"))
        brian.run(Network(*objects, *monitors), n_steps * dt * second, progress=progress)
        m = np.array(monitors[0].m).T
        kept = np.array(monitors[1].x).T if len(units) else np.empty((len(m), 0))
    return m, kept
