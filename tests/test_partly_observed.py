"""Everything public that takes spike trains gets trains that were observed in part: what was not seen is not silence.

Each gives what it gives for the pieces that were observed, or refuses by saying what was not. Functions are found by
their signatures, so that a new one fails here until it is described.
"""

import functools

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import spikelearn as sl
from spikelearn import analyses, interop
from spikelearn.models import escape_noise
from tests.public import arguments

ENDS = (1.0, 1.0, 0.5, 0.0)


@functools.cache
def partly():
    """Two trials that were observed throughout, half a trial, and one of which nothing was seen."""
    rng = np.random.default_rng(4)
    spikes = [[np.sort(rng.uniform(0, end, int(40 * end))) for _ in range(2)] for end in ENDS]
    return sl.SpikeTrains.from_trials(spikes, t_stop=1.0, observed=[[0, 1], [0, 1], [0, 0.5], [0.5, 0.5]])


# A part of the window in which each trial was seen throughout or not at all, and the trials that were.
PARTS = {"early": ((0.0, 0.5), [0, 1, 2]), "late": ((0.5, 1.0), [0, 1])}
escape = sl.EscapeNoise()
W = np.array([[0.0, 0.4], [0.2, 0.0]])


def stimulus(trains):
    return np.random.default_rng(2).normal(size=round(trains.duration / 0.01))


def both(trains):
    return np.stack([stimulus(trains), stimulus(trains)[::-1]], axis=1)


def fitted(trains):
    return escape_noise.fit(trains, escape, 0.0005, ridge=1.0)


@functools.cache
def glm():
    return fitted(partly().select_trials([0, 1]))


# Of all trials together: the same as of those that were seen.
TOGETHER = {
    "analyses.autocorrelogram": analyses.autocorrelogram,
    "analyses.burst_summary": lambda trains: analyses.burst_summary(trains, max_interval=0.02),
    "analyses.bursts": lambda trains: analyses.bursts(trains, max_interval=0.02),
    "analyses.correlogram_significance": lambda trains: analyses.correlogram_significance(
        trains, bin_size=0.01, n_surrogates=39, seed=1
    )["count"],
    "analyses.cross_correlogram": analyses.cross_correlogram,
    "analyses.intervals": analyses.intervals,
    "analyses.isi_histogram": analyses.isi_histogram,
    "analyses.jpsth": lambda trains: analyses.jpsth(trains, bin_size=0.1),
    "analyses.jpsth_pairs": lambda trains: analyses.jpsth_pairs(trains, bin_size=0.1),
    "analyses.nonlinearity": lambda trains: analyses.nonlinearity(stimulus(trains), 0.01, trains, [1.0], n_bins=4),
    "analyses.psth": lambda trains: analyses.psth(trains, 0.05),
    "analyses.spike_triggered_average": lambda trains: analyses.spike_triggered_average(stimulus(trains), 0.01, trains),
    "analyses.spike_triggered_covariance": lambda trains: analyses.spike_triggered_covariance(
        both(trains), 0.01, trains, n_surrogates=0
    ),
    "models.escape_noise.continuous_gradient": lambda trains: escape_noise.continuous_gradient(escape, trains, W),
    "models.escape_noise.continuous_log_likelihood": lambda trains: np.array(
        escape_noise.continuous_log_likelihood(escape, trains, W)
    ),
    "models.escape_noise.fit": lambda trains: fitted(trains).W,
    "models.escape_noise.GLMFit.evaluate": lambda trains: np.array(glm().evaluate(trains)),
}
# Of every trial: what was not seen has no number.
BY_TRIAL = {
    **{f"analyses.{name}": getattr(analyses, name) for name in ("cv", "cv2", "isi", "lv", "lvr", "rate")},
    "models.escape_noise.GLMFit.intensities": lambda trains: xr.DataArray(
        glm().intensities(trains), dims=("trial", "bin", "unit")
    ),
}
# Of every trial and bin, with a mark of what was seen.
MARKED = {
    "analyses.joint_weights": lambda trains: analyses.joint_weights(trains, bin_size=0.01),
    "analyses.summed_weights": lambda trains: analyses.summed_weights(trains, bin_size=0.01),
}
# Refused, by words that say why.
REFUSED = {
    "analyses.covariogram_band": (
        lambda trains: analyses.covariogram_band(trains, bin_size=0.1),
        "every trial observed throughout the window",
    ),
    "analyses.fano_factor": (analyses.fano_factor, "trials that were observed for unequal times cannot be compared"),
    "analyses.fi_curve": (
        lambda trains: analyses.fi_curve(trains, [1.0, 2.0]),
        r"skip must leave a part of what was observed of every trial, got 0.0 s, and of trial \d 0 s was observed",
    ),
    "analyses.jpsth_bootstrap": (
        lambda trains: analyses.jpsth_bootstrap(trains, bin_size=0.1, n_surrogates=19),
        "every trial observed throughout the window",
    ),
    "analyses.jpsth_significance": (
        lambda trains: analyses.jpsth_significance(trains, bin_size=0.1, n_surrogates=19),
        "every trial observed throughout the window",
    ),
    "fit": (lambda trains: sl.fit(sl.AdaptiveLIF(), trains), "fit: trains must be observed throughout"),
    "models.escape_noise.bin_spikes": (
        lambda trains: escape_noise.bin_spikes(trains, 0.0005),
        r"every trial must be observed throughout, but trial \d was only in",
    ),
    "network.SpikeSource": (
        lambda trains: sl.network.SpikeSource(trains.select_trials([-1 + trains.n_trials])),
        r"SpikeSource.trains must be observed throughout, got \[\[0.5, 0.5\]\] s",
    ),
}
# Hold them, or hand them on, as they are: other tests look at what comes out.
KEPT = {
    "Recording": lambda trains, folder: saved(trains, folder),
    "network.NetworkRecording": lambda trains, folder: sl.network.NetworkRecording(trains, xr.Dataset()).spikes,
    "interop.to_neo": lambda trains, _: interop.from_neo(interop.to_neo(trains)),
    "interop.to_pynapple": lambda trains, _: interop.from_pynapple(interop.to_pynapple(trains)),
    "interop.to_nwb": lambda trains, folder: through(interop.to_nwb, interop.from_nwb, trains, folder),
    "interop.write_csv": lambda trains, folder: through(interop.write_csv, interop.read_csv, trains, folder),
    "interop.write_parquet": lambda trains, folder: through(
        interop.write_parquet, interop.read_parquet, trains, folder
    ),
    "SpikeTrains.concatenate_trials": lambda trains, _: sl.SpikeTrains.concatenate_trials(
        [trains.select_trials([0, 1]), trains.select_trials([2, 3])]
    ),
    "SpikeTrains.concatenate_units": lambda trains, _: sl.SpikeTrains.concatenate_units(
        [trains.select_units([0]), trains.select_units([1])]
    ),
    "SpikeTrains.concatenate_time": lambda trains, _: sl.SpikeTrains.concatenate_time(
        [trains.restrict(0, 0.25), trains.restrict(0.25, 1.0)]
    ),
}
# Random: every surrogate has the counts, windows and observed parts of the original, and no spike elsewhere.
DRAWN = {
    "analyses.dither_spikes": lambda trains: analyses.dither_spikes(trains, 0.01, 3, seed=1),
    "analyses.dither_spike_train": lambda trains: analyses.dither_spike_train(trains, 0.05, 3, seed=1),
    "analyses.jitter_spikes": lambda trains: analyses.jitter_spikes(trains, 0.02, 3, seed=1),
    "analyses.pattern_jitter": lambda trains: analyses.pattern_jitter(trains, 0.02, 0.005, 3, seed=1),
    "analyses.shuffle_isis": lambda trains: analyses.shuffle_isis(trains, 3, seed=1),
}
# These take a recording as a whole and look at its trains through what stands above.
RECORDINGS = {
    "analyses.Surrogates", "plotting.raster", "check", "network.RunawayError", "analyses.regularity", "gradient",
    "derivatives.lyapunov_exponents",
}  # fmt: skip


def saved(trains, folder):
    sl.Recording(trains, xr.Dataset()).save(folder / "it")
    return sl.Recording.load(folder / "it").spikes


def through(write, read, trains, folder):
    write(trains, folder / "it.nwb")
    return read(folder / "it.nwb")


def takes_trains(parameter):
    kind = str(parameter.annotation)
    return "SpikeTrains" in kind or "StoredTrains" in kind or "Recording" in kind or parameter.name == "trains"


def test_everything_that_takes_trains_is_described():
    """A new function needs a line in one of the tables."""
    found = {name for name, parameter in arguments() if takes_trains(parameter) and parameter.name != "self"}
    described = set(TOGETHER) | set(BY_TRIAL) | set(MARKED) | set(REFUSED) | set(KEPT) | set(DRAWN) | RECORDINGS
    assert len(found) > 40, "the search finds them"
    assert found - described == set()
    assert described - found == set(), "nothing is listed that is gone"


def seen_and_unseen(part):
    window, trials = PARTS[part]
    return partly().restrict(*window), partly().select_trials(trials).restrict(*window)


def same(one, other):
    if isinstance(one, xr.Dataset | xr.DataArray):
        xr.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    elif isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, rtol=1e-9)
    else:
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", TOGETHER)
def test_all_trials_together_are_those_that_were_seen(name, part):
    trains, pieces = seen_and_unseen(part)
    same(TOGETHER[name](trains), TOGETHER[name](pieces))


@pytest.mark.parametrize("name", TOGETHER)
def test_a_trial_of_which_nothing_was_seen_changes_nothing(name):
    """Over the whole window, with another trial that ends in its middle."""
    trains = partly().select_trials([0, 1, 2])
    same(TOGETHER[name](partly()), TOGETHER[name](trains))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", BY_TRIAL)
def test_a_trial_that_was_not_seen_has_no_number(name, part):
    trains, pieces = seen_and_unseen(part)
    found, n = BY_TRIAL[name](trains), pieces.n_trials
    np.testing.assert_allclose(found[:n], BY_TRIAL[name](pieces), rtol=1e-9)
    assert np.isnan(found[n:]).all()


@pytest.mark.parametrize("name", BY_TRIAL)
def test_a_trial_that_was_seen_in_part_is_a_shorter_trial(name):
    half = BY_TRIAL[name](partly().select_trials([2]).restrict(0.0, 0.5))
    found = BY_TRIAL[name](partly())[2]
    if found.ndim > 1:
        assert np.isnan(found[half.shape[1] :]).all()
        found = found[: half.shape[1]]
    np.testing.assert_allclose(found, half[0], rtol=1e-9)


@pytest.mark.parametrize("name", DRAWN)
def test_no_spike_is_drawn_where_nobody_looked(name):
    trains = partly().select_trials([0, 1, 2])
    for surrogate in DRAWN[name](trains):
        np.testing.assert_array_equal(surrogate.observed, trains.observed)
        np.testing.assert_array_equal(surrogate.counts(), trains.counts())
        assert all(train.max() < 0.5 for train in surrogate.select_trials([2]))
        assert not surrogate.same_spikes(trains)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", MARKED)
def test_weights_are_marked_where_nobody_looked(name, part):
    trains, pieces = seen_and_unseen(part)
    found, n = MARKED[name](trains), pieces.n_trials
    np.testing.assert_array_equal(found[:n], MARKED[name](pieces))
    assert found["observed"][:n].all()
    assert not found["observed"][n:].any()


@pytest.mark.parametrize("part", [*PARTS, "whole"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_wrong_is_refused_and_says_why(name, part):
    call, message = REFUSED[name]
    trains = partly() if part == "whole" else seen_and_unseen(part)[0]
    with pytest.raises(ValueError, match=message):
        call(trains)


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in ("network.SpikeSource", "fit")])
def test_what_was_refused_works_on_the_pieces(name):
    call = REFUSED[name][0]
    call(partly().select_trials([0, 1]).restrict(0.5, 1.0)) if name != "analyses.fi_curve" else call(
        partly().select_trials([0, 2])
    )


@pytest.mark.parametrize("name", KEPT)
def test_what_was_observed_is_kept(name, tmp_path):
    for package, needs in {"neo": "to_neo", "pynapple": "to_pynapple", "pynwb": "nwb", "pyarrow": "parquet"}.items():
        if needs in name:
            pytest.importorskip(package)
    # pynapple has no trial of no length, and where in a window such a part lies means nothing.
    trains = partly().select_trials([0, 1, 2]) if name.endswith(("pynapple", "concatenate_time")) else partly()
    again = KEPT[name](trains, tmp_path)
    np.testing.assert_array_equal(again.observed, trains.observed)
    assert again.same_spikes(trains)


def test_rates_over_the_window_are_those_of_its_parts():
    """Three trials saw the early bins, two the late ones."""
    whole = analyses.psth(partly(), 0.05)
    early, late = (analyses.psth(seen_and_unseen(part)[1], 0.05) for part in PARTS)
    np.testing.assert_allclose(whole, np.concatenate([early, late], axis=early.dims.index("time")), rtol=1e-9)


def test_regularity_is_that_of_the_pieces():
    trains, pieces = seen_and_unseen("early")
    found = analyses.regularity(trains)
    pd.testing.assert_frame_equal(found[found["trial"] < 3].reset_index(drop=True), analyses.regularity(pieces))
    assert found[found["trial"] == 3].drop(columns=["trial", "unit", "spikes"]).isna().all(axis=None)
