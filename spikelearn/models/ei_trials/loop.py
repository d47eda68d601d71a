"""From trial to trial: what is recorded, kept on disk and shown, whatever it is that runs a trial."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.ei_trials.checkpoint import Keeper
from spikelearn.progress import progress_bar

__all__ = ["TrialRunner", "run_loop"]

_HISTORY = "history_"


class TrialRunner(Protocol):
    """Something that runs one trial after another and changes itself in between.

    The loop asks nothing else of it: two populations, many units or spiking neurons record what they like. Text in an
    attribute ``note`` is shown beside the bar.
    """

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """Every array that the next trial depends on; the loop copies them."""

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go back to a state."""

    def advance(self, trial: int) -> dict[str, NDArray[Any]]:
        """Run a trial (counted from 1) and the update after it; give what is recorded, the same names every time."""

    @property
    def finished(self) -> bool:
        """Whether every further trial would record just what the last one did."""


def run_loop(runner: TrialRunner, n_trials: int, keeper: Keeper, progress: bool = False) -> dict[str, NDArray[Any]]:
    """Run trials up to the number `n_trials`, from the checkpoint that the keeper has found or from the start.

    Returns
    -------
    dict of str to ndarray
        What the runner recorded, with the trials as first axis.
    """
    history: dict[str, NDArray[Any]] = {}
    done = 0
    if keeper.found is not None:
        stored = keeper.found
        done = stored.trial
        runner.restore({name: array for name, array in stored.arrays.items() if not name.startswith(_HISTORY)})
        for name, array in stored.arrays.items():
            if name.startswith(_HISTORY):
                history[name.removeprefix(_HISTORY)] = _longer(array, n_trials)
    with progress_bar(shown=progress, total=n_trials, initial=done, desc="trials") as bar:
        for trial in range(done + 1, n_trials + 1):
            record = runner.advance(trial)
            for name, values in record.items():
                if name not in history:
                    history[name] = np.empty((n_trials, *np.shape(values)), dtype=np.asarray(values).dtype)
                history[name][trial - 1] = values
            finished = runner.finished
            if finished:
                for array in history.values():
                    array[trial:] = array[trial - 1]
            reached = n_trials if finished else trial
            if keeper.due(reached, last=reached == n_trials):
                rows = {f"{_HISTORY}{name}": array[:reached] for name, array in history.items()}
                keeper.keep(reached, {**runner.state, **rows})
            note = getattr(runner, "note", None)
            if note is not None:
                bar.set_postfix_str(note, refresh=False)
            bar.update(reached - bar.n)
            if finished:
                break
    return history


def _longer(array: NDArray[Any], n_trials: int) -> NDArray[Any]:
    whole = np.empty((n_trials, *array.shape[1:]), dtype=array.dtype)
    whole[: len(array)] = array
    return whole
