"""Every format gives back bit for bit what was written."""

import importlib.util

import numpy as np
import pytest

from spikelearn import SpikeTrains, interop

FORMATS = ("csv", "parquet", "nwb", "neo", "pynapple")


def need(module):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")


def through(trains, form, folder):
    if form == "csv":
        interop.write_csv(trains, folder / "it.csv")
        return interop.read_csv(folder / "it.csv")
    if form == "parquet":
        need("pyarrow")
        interop.write_parquet(trains, folder / "it.parquet")
        return interop.read_parquet(folder / "it.parquet")
    if form == "nwb":
        need("pynwb")
        interop.to_nwb(trains, folder / "it.nwb")
        return interop.from_nwb(folder / "it.nwb")
    if form == "neo":
        need("neo")
        return interop.from_neo(interop.to_neo(trains))
    need("pynapple")
    return interop.from_pynapple(interop.to_pynapple(trains))


def awkward(seed, n_trials, n_units, t_start=0.0, t_stop=1.0, mean=10):
    """Give times with all their 53 bits, a spike on the begin and one on the last number before the end."""
    rng = np.random.default_rng(seed)
    trials = [
        [np.sort(rng.uniform(t_start, t_stop, rng.poisson(mean))) for _ in range(n_units)] for _ in range(n_trials)
    ]
    if n_trials and n_units:
        trials[0][0] = np.array([t_start, (2 * t_start + t_stop) / 3, np.nextafter(t_stop, -np.inf)])
        trials[-1][-1] = np.empty(0) if n_trials * n_units > 1 else trials[0][0]
    return SpikeTrains.from_trials(trials, t_start=t_start, t_stop=t_stop)


CASES = {
    "one trial": awkward(1, 1, 3),
    "trials": awkward(2, 7, 3),
    "before zero": awkward(3, 4, 2, t_start=-0.3, t_stop=0.7000000000000001),
    "late": awkward(4, 3, 2, t_start=12345.678, t_stop=12347.1),
    "late, one trial": awkward(5, 1, 2, t_start=12345.678, t_stop=12347.1),
    "silent": SpikeTrains.from_trials([[[], []], [[], []]], t_stop=1 / 3),
    "one silent unit": SpikeTrains.from_arrays([[]], t_stop=2.0),
    "one spike": SpikeTrains.from_arrays([[], [0.1]], t_stop=0.2),
    "unequal": SpikeTrains.from_trials(
        [[[0.1], [0.2]], [[0.5], []], [[], []]], t_stop=1.0, observed=[[0.0, 0.3], [1 / 3, 0.7], [0.5, 0.5]]
    ),
    "cut around events": awkward(6, 1, 2, t_stop=50.0, mean=300).aligned(
        np.arange(0.0, 50.0, 0.7), 0.5, 1 / 3, incomplete="keep"
    ),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_what_was_written_is_read(form, case, tmp_path):
    trains = CASES[case]
    again = through(trains, form, tmp_path)
    assert again == trains
    assert again.slack == trains.slack
    assert again.times.tobytes() == trains.times.tobytes()


@pytest.mark.parametrize("form", ["csv", "parquet", "nwb", "neo"])
@pytest.mark.parametrize("n_trials", [0, 2])
def test_nothing_is_kept_too(form, n_trials, tmp_path):
    trains = SpikeTrains([], [0], 3, t_stop=1.0) if not n_trials else SpikeTrains.from_trials([], t_stop=1.0)
    assert through(trains, form, tmp_path) == trains


def test_pynapple_cannot_hold_nothing():
    need("pynapple")
    with pytest.raises(ValueError, match="to_pynapple must get at least one trial of some length"):
        interop.to_pynapple(SpikeTrains.from_trials([], t_stop=1.0))


def test_a_folder_of_a_recording_and_files_are_read_by_their_ending(tmp_path):
    need("pyarrow")
    need("pynwb")
    import xarray as xr

    from spikelearn import Recording

    trains = CASES["trials"]
    Recording(trains, xr.Dataset()).save(tmp_path / "recording")
    interop.write_csv(trains, tmp_path / "a.CSV")
    interop.write_parquet(trains, tmp_path / "a.parquet")
    interop.to_nwb(trains, tmp_path / "a.nwb")
    for name in ("recording", "a.CSV", "a.parquet", "a.nwb"):
        assert interop.read_spikes(tmp_path / name) == trains


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("disk full")

    monkeypatch.setattr("pandas.DataFrame.to_csv", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        interop.write_csv(CASES["trials"], tmp_path / "it.csv")
    assert list(tmp_path.iterdir()) == []
