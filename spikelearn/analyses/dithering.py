"""Surrogates by dithering: spikes moved about where they are, one by one or a train as a whole."""

from __future__ import annotations

from typing import Any

from spikelearn.analyses.resampling import Plan, Surrogates, borders, drawn, positive_time
from spikelearn.arrays import Floats
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["dither_plan", "dither_spike_train", "dither_spikes", "shift_plan"]


def dither_spikes(
    trains: SpikeTrains,
    dither: Any,
    n_surrogates: int = 1,
    *,
    refractory_period: Any = None,
    seed: int | None = None,
) -> Surrogates:
    """Move every spike by a random time of up to `dither` either way.

    Without a refractory period spikes move independently of each other, and one that would leave what was observed is
    reflected at its border, so that no spike is lost and a constant rate stays constant up to the border. The rate is
    kept but for a smoothing over `dither`; intervals become more irregular, and short ones appear that the cell cannot
    have made.

    With one, the spikes of a train are moved one after the other in random order, each uniformly over the part of
    ``t - dither ... t + dither`` in which it comes no closer than the refractory period to its neighbours (those that
    are closer already come no closer than they are) and does not pass them. Every spike stays within `dither` of its
    place, but the distribution of intervals is not kept.

    Parameters
    ----------
    trains : SpikeTrains
        Any numbers of trials and units; each train is dithered within what was observed of its trial.
    dither : float or Quantity
        The largest move, in seconds.
    n_surrogates : int
        How many.
    refractory_period : float or Quantity, optional
        The shortest interval that moves may leave, in seconds.
    seed : int, optional
        Of the random numbers; a different one each time if not given.

    Returns
    -------
    Surrogates
        A sequence of SpikeTrains.

    Raises
    ------
    ValueError
        A time is not positive, or the number of surrogates is not.

    Notes
    -----
    A spike dithered about its own place is not exchangeable with the spike itself, which stands in the middle: a test
    with such surrogates does not hold its level exactly. `jitter_spikes` and `pattern_jitter` are made for tests.

    References
    ----------
    Date, Bienenstock and Geman (1998); Gerstein (2004), Acta Neurobiol. Exp. 64, 203-207; Louis, Gerstein, Gruen and
    Diesmann (2010), Front. Comput. Neurosci. 4, 127.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.1, 0.25, 0.6]], t_stop=1.0)
    >>> surrogates = dither_spikes(trains, 0.02, 100, seed=1)
    >>> surrogates[0]
    SpikeTrains(1 trial x 1 unit, 3 spikes in [0.0, 1.0) s)
    >>> bool(abs(surrogates.times - trains.times).max() <= 0.02)
    True
    """
    return drawn(dither_plan(trains, dither=dither, refractory_period=refractory_period), n_surrogates, seed)


def dither_spike_train(
    trains: SpikeTrains, shift: Any, n_surrogates: int = 1, *, seed: int | None = None
) -> Surrogates:
    """Move every train as a whole by a random time of up to `shift` either way, round what was observed.

    What leaves at one end comes in at the other, so that the number of spikes and all intervals but the one across the
    join are kept, bursts and regular firing included. The trains of different trials and units move independently.

    Parameters
    ----------
    trains : SpikeTrains
        Any numbers of trials and units.
    shift : float or Quantity
        The largest move, in seconds; shorter than what was observed of any trial.
    n_surrogates, seed
        As for `dither_spikes`.

    Returns
    -------
    Surrogates
        A sequence of SpikeTrains.

    Raises
    ------
    ValueError
        The shift is not positive, or longer than a trial.

    Notes
    -----
    Changes of the rate move with the spikes: two cells that follow the same stimulus lose more of their common course
    than a window of the width `shift` would take.

    References
    ----------
    Pipa, Wheeler, Singer and Nikolic (2008), J. Comput. Neurosci. 25, 64-88; Louis et al. (2010).

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.4, 0.45, 0.6]], t_stop=1.0)
    >>> dither_spike_train(trains, 0.1, seed=1)[0].train().round(3) - 0.4
    array([0.002, 0.052, 0.202])
    """
    return drawn(shift_plan(trains, shift=shift), n_surrogates, seed)


def dither_plan(trains: SpikeTrains, *, dither: Any, refractory_period: Any = None) -> Plan:
    """Say how `dither_spikes` makes its surrogates."""
    from spikelearn.analyses.resampling_kernels import dithered, kept_apart

    most = positive_time(dither, "dither_spikes: dither", trains)
    times, offsets = trains.times, trains.offsets
    begin, end = borders(trains)
    if refractory_period is None:

        def scatter(random: Floats, out: Floats) -> None:
            dithered(random, times, offsets, begin, end, most, out)

        return Plan(trains, "dither_spikes", {"dither": most}, trains.n_spikes, scatter)
    apart = positive_time(refractory_period, "dither_spikes: refractory_period", trains)

    def keep_apart(random: Floats, out: Floats) -> None:
        kept_apart(random, times, offsets, begin, end, most, apart, out)

    options: dict[str, float | None] = {"dither": most, "refractory_period": apart}
    return Plan(trains, "dither_spikes", options, 2 * trains.n_spikes, keep_apart)


def shift_plan(trains: SpikeTrains, *, shift: Any) -> Plan:
    """Say how `dither_spike_train` makes its surrogates."""
    from spikelearn.analyses.resampling_kernels import rotated

    most = positive_time(shift, "dither_spike_train: shift", trains)
    times, offsets = trains.times, trains.offsets
    begin, end = borders(trains)
    shortest = float((end - begin).min(initial=float("inf")))
    if most > shortest:
        raise ValueError(
            f"dither_spike_train: shift must not be longer than what was observed of any trial, {shortest} s at least, "
            f"got {most} s"
        )

    def rotate(random: Floats, out: Floats) -> None:
        rotated(random, times, offsets, begin, end, most, out)

    return Plan(trains, "dither_spike_train", {"shift": most}, len(offsets) - 1, rotate)
