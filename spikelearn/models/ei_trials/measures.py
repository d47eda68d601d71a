"""Numbers of a run in trials: Up states, switches, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.ei_rate.model import EIRates
from spikelearn.parameters.numbers import whole_number

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["OUTCOMES", "UP", "first_up", "ignition_time", "last_up", "outcomes", "switches", "up_trials"]

# A trial is Up where E averages at least this over its window, in Hz.
UP = 1.0
OUTCOMES = ("set point", "saturated", "silent", "under way")
"""How a run in trials can end, see `outcomes`."""


def up_trials(run: xr.Dataset) -> NDArray[np.bool_]:
    """Say which trials ended in an Up state, shape (trials,) or (trials, starts).

    Parameters
    ----------
    run : xarray.Dataset
        From `run_trials`.

    Returns
    -------
    ndarray of bool, shape (trials,) or (trials, starts)

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> from spikelearn.models.ei_trials import up_trials
    >>> up_trials(xr.Dataset({"E_trial": ("trial", np.array([0.0, 5.0, 0.99]))}))  # 1 Hz and more is Up
    array([False,  True, False])
    """
    return np.asarray(run["E_trial"].values >= UP)


def first_up(run: xr.Dataset) -> Any:
    """Give the number of the first Up trial of every start, counted from 1; 0 where there is none.

    Parameters
    ----------
    run : xarray.Dataset
        From `run_trials`.

    Returns
    -------
    ndarray of int, shape () or (starts,)

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.ei_trials import first_up, predicted_first_up
    >>> slow = sl.rules.Homeostatic(alpha_EE=1e-4, alpha_EI=1e-4, alpha_IE=1e-4, alpha_II=1e-4)
    >>> start = (2.14, 3.0, 4.0, 1.5)
    >>> int(first_up(sl.run_trials(sl.EIRates(), slow, 50, start))), predicted_first_up(sl.EIRates(), slow, start)
    (33, 33)
    """
    up = up_trials(run)
    return np.where(up.any(axis=0), up.argmax(axis=0) + 1, 0)


def last_up(run: xr.Dataset) -> Any:
    """Give the number of the last Up trial of every start; 0 where there is none.

    Parameters
    ----------
    run : xarray.Dataset
        From `run_trials`.

    Returns
    -------
    ndarray of int, shape () or (starts,)

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> from spikelearn.models.ei_trials import last_up
    >>> int(last_up(xr.Dataset({"E_trial": ("trial", np.array([0.0, 5.0, 5.0, 0.0]))})))
    3
    """
    up = up_trials(run)
    return np.where(up.any(axis=0), len(up) - up[::-1].argmax(axis=0), 0)


def switches(run: xr.Dataset, first: int = 1, last: int | None = None) -> Any:
    """Count the changes between Up and silence from trial `first` to trial `last`, both included.

    Parameters
    ----------
    run : xarray.Dataset
        From `run_trials`.
    first, last : int
        Trials, counted from 1; to the end if no `last` is given.

    Returns
    -------
    ndarray of int, shape () or (starts,)

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> from spikelearn.models.ei_trials import switches
    >>> int(switches(xr.Dataset({"E_trial": ("trial", np.array([0.0, 5.0, 5.0, 0.0]))})))
    2
    """
    first = whole_number("switches: first", first, at_least=1)
    last = None if last is None else whole_number("switches: last", last)
    up = up_trials(run)[first - 1 : last]
    return (up[1:] != up[:-1]).sum(axis=0)


def outcomes(model: EIRates, run: xr.Dataset) -> NDArray[Any]:
    """Name how every start ended, by its last trial: one of `OUTCOMES`.

    At the set point both running means are within 10 %; saturated means E above half its cut-off, silent an E below
    1 Hz in the last trial.

    Parameters
    ----------
    model : EIRates
        What was run.
    run : xarray.Dataset
        From `run_trials`.

    Returns
    -------
    ndarray of str, shape () or (starts,)

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.ei_trials import outcomes
    >>> rule = sl.rules.CrossHomeostatic(alpha_EE=5e-4, alpha_EI=5e-4, alpha_IE=5e-4, alpha_II=5e-4)
    >>> str(outcomes(sl.EIRates(), sl.run_trials(sl.EIRates(), rule, 500, (2.1, 3.0, 4.0, 1.5))))
    'set point'
    """
    last = run.isel(trial=-1)
    E, I = last["E"].values, last["I"].values  # noqa: E741
    there = (np.abs(E - model.E_set) < 0.1 * model.E_set) & (np.abs(I - model.I_set) < 0.1 * model.I_set)
    saturated, silent = E / model.E_max > 0.5, last["E_trial"].values < UP
    found = np.select([there, saturated, silent], [0, 1, 2], 3)
    return np.asarray(np.asarray(OUTCOMES)[found])


def ignition_time(run: xr.Dataset) -> Any:
    """Give the first time at which the sensor of E exceeds 1 Hz in a run without trials, in s, one a start.

    Infinite where it never does. Runs are sampled every 0.1 s, and a sensor of 1 s lags behind.

    Parameters
    ----------
    run : xarray.Dataset
        Traces of a run without trials, with ``E_calcium`` over (time) or (..., time).

    Returns
    -------
    ndarray
        Seconds.

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> from spikelearn.models.ei_trials import ignition_time
    >>> run = xr.Dataset({"E_calcium": ("time", np.array([0.0, 0.5, 2.0]))}, {"time": [0.1, 0.2, 0.3]})
    >>> float(ignition_time(run))
    0.3
    """
    up = run["E_calcium"].values > UP
    time = run["time"].values
    return np.where(up.any(axis=-1), time[up.argmax(axis=-1)], np.inf)
