"""A state is looked at before it is gone on from: shape, type, range, finiteness, and a digest of all."""

import dataclasses

import numpy as np
import pytest
from brian2 import Hz, ms, mV

import spikelearn as sl
from spikelearn.network import FixedInDegree, PoissonInput, Population, Projection, load_state, pair_stdp, save_state
from spikelearn.network.fingerprint import state_digest
from spikelearn.network.state_checks import check_values
from spikelearn.storage.files import write_manifest


@pytest.fixture(scope="module")
def network():
    neuron = sl.AdaptiveLIF(V_0=30 * mV, delta_g=0.02, t_d=2 * ms)
    rule = pair_stdp(A_plus="10 uV", A_minus="10.5 uV")
    return sl.Network(
        {"E": Population(neuron, 6)},
        [Projection("E", "E", FixedInDegree(2), 1 * mV, 5 * ms, plasticity=rule)],
        poisson=[PoissonInput("E", 900 * Hz, 0.5 * mV)],
        seed=1,
    )


@pytest.fixture(scope="module")
def state(network):
    found = sl.simulate(network, 0.1, seed=3).state
    assert len(found.recent_rows), "spikes are under way, so that every array holds something"
    return found


def forged(given, **changes):
    """A state with other arrays and a digest that fits them: only the checks of the values are left."""
    other = dataclasses.replace(given, **changes)
    return dataclasses.replace(other, digest=state_digest(other))


def put(array, place, value):
    changed = array.copy()
    changed[place] = value
    return changed


CHANGES = [
    ("recent_rows", 0, 10**9, r"resume.recent_rows must lie in 0 to 5, got 1000000000 in row 0"),
    ("recent_rows", 0, -1, r"resume.recent_rows must lie in 0 to 5, got -1"),
    ("recent_times", 0, np.nan, r"resume.recent_times must be finite, got nan"),
    ("recent_times", -1, 7.0, r"resume.recent_times must not lie beyond 0.1 s, got 7"),
    ("poisson_next", 0, -1e300, r"resume.poisson_next must lie at 0.1 s or later, got -1e\+300"),
    ("poisson_next", 1, np.inf, r"resume.poisson_next must be finite, got inf in row 1"),
    ("poisson_next", 1, np.nan, r"resume.poisson_next must be finite, got nan in row 1"),
    ("plastic", (0, 1), np.nan, r"resume.plastic must be finite"),
    ("plastic", (1, 0), 9.0, r"resume.plastic must not lie beyond 0.1 s, got 9"),
]


@pytest.mark.parametrize(("name", "place", "value", "message"), CHANGES)
def test_what_no_run_leaves_behind_is_refused(network, state, name, place, value, message):
    with pytest.raises(ValueError, match=message):
        sl.simulate(network, 0.2, resume=forged(state, **{name: put(getattr(state, name), place, value)}))


@pytest.mark.parametrize(
    ("name", "message"),
    [("X", "conductance"), ("NOW", "time"), ("NOW_LOW", "time"), ("DEVIATION", "membrane"), ("BOUND", "bound"),
     ("PAUSE_END", "pause"), ("OWN_NEXT", "potassium")],
)  # fmt: skip
def test_a_neuron_without_a_state_is_refused(network, state, name, message):
    from spikelearn.eventdriven.network import cells

    changed = put(state.state, (2, getattr(cells, name)), np.nan)
    with pytest.raises(ValueError, match=rf"resume.state \({message}\) must .*, got nan in row 2"):
        sl.simulate(network, 0.2, resume=forged(state, state=changed))


def test_a_changed_state_is_refused_by_its_digest(network, state):
    changed = dataclasses.replace(state, plastic=put(state.plastic, (0, 1), 1e-4))
    with pytest.raises(ValueError, match="resume must be a state as a run left it, got one that was changed since"):
        sl.simulate(network, 0.2, resume=changed)
    for other in ({"time": 0.05}, {"poisson_drawn": state.poisson_drawn + np.uint64(1)}):
        with pytest.raises(ValueError, match="resume must be a state"):
            sl.simulate(network, 0.2, resume=dataclasses.replace(state, **other))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recent_rows": np.array([0.5])}, r"resume.recent_rows must be an array of int64 with 1 axes, got float64"),
        ({"poisson_next": np.array(["a"])}, r"resume.poisson_next must be an array of float64 with 1 axes"),
        ({"plastic": None}, r"resume.plastic must be an array of float64 with 2 axes, got NoneType"),
        ({"state": np.zeros((6, 3))}, r"resume.state must have the shape \(6, 16\), got \(6, 3\)"),
        ({"recent_rows": np.array([], dtype=np.int64)}, r"resume.recent_rows must have the shape"),
        ({"poisson_drawn": np.zeros(2, dtype=np.uint64)}, r"resume.poisson_drawn must have the shape \(6,\), got \(2,"),
        ({"time": float("nan")}, r"resume.time must be a finite number of seconds not below 0, got nan"),
        ({"time": True}, r"resume.time must be a finite number"),
    ],
)
def test_forms_and_sizes_are_checked(network, state, changes, message):
    with pytest.raises(ValueError, match=message):
        sl.simulate(network, 0.2, resume=forged_or_plain(state, changes))


def forged_or_plain(state, changes):
    other = dataclasses.replace(state, **changes)
    if changes.get("plastic", 0) is None or np.isnan(other.time):
        return other
    return forged(state, **changes)


def test_every_state_that_runs_leave_behind_passes(network):
    for k in range(1, 30):
        found = sl.simulate(network, 0.007 * k, seed=k).state
        check_values(found, 6)
        assert found.digest == state_digest(found)


def test_a_folder_with_other_arrays_is_no_state(state, tmp_path):
    save_state(state, tmp_path / "state")
    assert load_state(tmp_path / "state").digest == state.digest
    np.savez(tmp_path / "state" / "state.npz", time=0.1, state=state.state)
    (tmp_path / "state" / "manifest.json").unlink()
    write_manifest(tmp_path / "state", "network_state", {})
    with pytest.raises(ValueError, match=r"state.npz does not hold the arrays of a state"):
        load_state(tmp_path / "state")
    with pytest.raises(ValueError, match=r"save_state: state.recent_rows must be an array of int64"):
        save_state(dataclasses.replace(state, recent_rows=np.array([0.5])), tmp_path / "other")
    assert not (tmp_path / "other").exists()
