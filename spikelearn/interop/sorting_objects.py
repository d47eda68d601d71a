"""Spike trains from a SpikeInterface sorting, told by its methods, so that the package need not be installed."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.spikes.checks import without_unit
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["from_spikeinterface"]

NEEDED = ("get_unit_ids", "get_num_segments", "get_unit_spike_train", "get_sampling_frequency")


def from_spikeinterface(sorting: Any, *, t_stop: Any = None) -> SpikeTrains:
    """Build spike trains from a SpikeInterface sorting: its segments become trials, its units keep ids and properties.

    Parameters
    ----------
    sorting : spikeinterface.BaseSorting
        Or anything with its methods ``get_unit_ids``, ``get_num_segments``, ``get_unit_spike_train``,
        ``get_sampling_frequency`` and, for columns of units, ``get_property_keys`` and ``get_property``.
    t_stop : float, Quantity or one for each segment, optional
        Length of the segments in seconds; by default that of the recording that was registered with the sorting. It
        is never taken from the last spike.

    Returns
    -------
    SpikeTrains
        Times from the first sample of each segment; segments of unequal length are in ``observed``.

    Raises
    ------
    TypeError
        The object has other methods.
    ValueError
        The length of a segment is not known, or the spikes do not fit.

    Examples
    --------
    >>> class Sorting:
    ...     def get_unit_ids(self): return np.array(["a", "b"])
    ...     def get_num_segments(self): return 1
    ...     def get_sampling_frequency(self): return 1000.0
    ...     def get_unit_spike_train(self, unit_id, segment_index): return np.array([10, 20])
    >>> trains = from_spikeinterface(Sorting(), t_stop=1.0)
    >>> trains.unit_ids, trains.train(1)
    (('a', 'b'), array([0.01, 0.02]))
    """
    missing = [name for name in NEEDED if not callable(getattr(sorting, name, None))]
    if missing:
        raise TypeError(
            f"from_spikeinterface must get a sorting with the method {missing[0]}, got {type(sorting).__name__}"
        )
    ids = np.asarray(sorting.get_unit_ids()).tolist()
    rate, n_segments = float(sorting.get_sampling_frequency()), int(sorting.get_num_segments())
    lengths = _lengths(sorting, t_stop, rate, n_segments)
    trials = []
    for segment in range(n_segments):
        frames = [np.asarray(sorting.get_unit_spike_train(unit_id=item, segment_index=segment)) for item in ids]
        trials.append([np.sort(own.astype(np.int64)) / rate for own in frames])
    return SpikeTrains.from_trials(
        trials,
        t_stop=float(lengths.max(initial=0.0)),
        observed=np.stack([np.zeros(n_segments), lengths], axis=1),
        unit_ids=ids,
        unit_columns=_properties(sorting, len(ids)),
    )


def _lengths(sorting: Any, t_stop: Any, rate: float, n_segments: int) -> Any:
    if t_stop is not None:
        lengths = np.atleast_1d(without_unit(t_stop, "from_spikeinterface: t_stop"))
        if lengths.shape not in ((1,), (n_segments,)):
            raise ValueError(f"from_spikeinterface: t_stop must be one time or {n_segments}, got {lengths.shape}")
        return np.broadcast_to(lengths, (n_segments,))
    try:
        samples = [int(sorting.get_num_samples(segment_index=segment)) for segment in range(n_segments)]
    except Exception as error:  # where no recording is registered, versions raise different errors
        raise ValueError(
            "from_spikeinterface: the sorting does not say how long its segments are; pass t_stop=, or register the "
            "recording"
        ) from error
    return np.array(samples, dtype=np.float64) / rate


def _properties(sorting: Any, n_units: int) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for name in sorting.get_property_keys() if callable(getattr(sorting, "get_property_keys", None)) else ():
        values = np.asarray(sorting.get_property(name))
        plain = values.tolist()
        known = all(item is None or isinstance(item, (str, int, float, bool)) for item in plain)
        if values.ndim == 1 and len(plain) == n_units and known:
            columns[str(name)] = plain
    return columns
