"""The three applications of the source as cases of a model file: an input, and what is done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.connectivity import START, source_network
from spikelearn.models.entropy_rule.factored import FactoredWeights
from spikelearn.models.entropy_rule.grid import GridMovie, grid_movie
from spikelearn.models.entropy_rule.letter import corner_primer, letter_movie
from spikelearn.models.entropy_rule.minimiser import minimiser
from spikelearn.models.entropy_rule.model import EntropyRule
from spikelearn.models.entropy_rule.replaying import replay
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.simulation.recording import Recording
from spikelearn.storage.provenance import provenance_of

__all__ = ["CASE_PARAMETERS", "TASKS", "EntropyCase", "build_case", "run_replay"]

TASKS = ("connectivity", "letter", "grid")
# Of the case, not of the rule, with the default or an example.
CASE_PARAMETERS = {"task": "connectivity", "steps": "1200", "coding": "plus_minus", "primer": "frame", "N": "58"}
_FRAME_DT = {"letter": 0.1, "grid": 2.0 * np.pi / 50}
_PRIMERS = ("frame", "corner")


@dataclass(frozen=True, eq=False)
class EntropyCase:
    """A rule with its input.

    Parameters
    ----------
    rule : EntropyRule
    task : str
        "connectivity": the online rule finds the weights of a network. "letter", "grid": a movie is learned in one go
        and replayed.
    frames : ndarray, shape (frames, neurons)
        One period of the input.
    dt : float
        Time from frame to frame.
    truth : ndarray or None
        The weights that the input was made with, where it was made by a network.
    primer : str
        Replay begins with the first frame, or with the corner of the finished letter.
    grid : GridMovie or None
    """

    rule: EntropyRule
    task: str
    frames: Floats
    dt: float
    truth: Floats | None = None
    primer: str = "frame"
    grid: GridMovie | None = None

    def weights(self) -> FactoredWeights:
        """Give the minimiser of a movie."""
        if self.grid is not None:
            return self.grid.learn(self.dt, self.rule.l, self.rule.activation)
        return minimiser(self.frames, self.dt, self.rule.l, self.rule.activation, factored=True)


def build_case(parameters: Mapping[str, Any]) -> EntropyCase:
    """Build a case from the parameters of the rule and those of `CASE_PARAMETERS`.

    Raises
    ------
    ValueError
        A task, coding or primer that there is not, or one that does not go with the task.
    """
    given = dict(parameters)
    task = str(given.pop("task", "connectivity"))
    if task not in TASKS:
        raise ValueError(unknown_name("EntropyRule", "task", task, TASKS))
    own = {"connectivity": {"steps"}, "letter": {"coding", "primer"}, "grid": {"coding", "N"}}[task]
    settings = {name: given.pop(name) for name in CASE_PARAMETERS if name in given}
    for name in settings:
        if name not in own:
            raise ValueError(f"EntropyRule.{name} must be left out for the task {task!r}, got {settings[name]!r}")
    rule = EntropyRule(**given)
    if task == "connectivity":
        steps = whole_number("EntropyRule.steps", settings.get("steps", 1200), at_least=16)
        cycle = source_network().cycle(START, settle=0.0)
        return EntropyCase(rule, task, cycle.frames(steps), cycle.period / steps, source_network().W)
    coding, dt = str(settings.get("coding", "plus_minus")), _FRAME_DT[task]
    if task == "grid":
        movie = grid_movie(whole_number("EntropyRule.N", settings.get("N", 58), at_least=2), coding=coding)
        return EntropyCase(rule, task, movie.frames, dt, grid=movie)
    primer = str(settings.get("primer", "frame"))
    if primer not in _PRIMERS:
        raise ValueError(unknown_name("EntropyRule", "primer", primer, _PRIMERS))
    return EntropyCase(rule, task, letter_movie(coding), dt, primer=primer)


def run_replay(case: EntropyCase, cycles: int, noise: float, seed: int | None) -> Recording:
    """Learn a movie and replay it, from its first frame or a noisy corner.

    Parameters
    ----------
    case : EntropyCase
        A movie.
    cycles : int
        How often it is replayed.
    noise : float
        Standard deviation of noise on the start.
    seed : int or None
        Of the noise.

    Returns
    -------
    Recording
        With the traces v (time, neuron) and frame_error (time), the rms distance to the nearest frame.
    """
    import xarray as xr

    from spikelearn.models.entropy_rule.replaying import nearest_frame

    start = case.frames[0].copy() if case.primer == "frame" else corner_primer()
    if noise:
        start += generator(seed).normal(0.0, noise, start.shape)
    steps = cycles * len(case.frames)
    path = replay(case.weights(), start, steps, case.dt, case.rule.l, case.rule.activation)
    frame, rms = nearest_frame(path, case.frames)
    traces = xr.Dataset(
        {
            "v": (("time", "neuron"), path, {"units": "1"}),
            "frame_error": ("time", rms, {"units": "1"}),
            "frame": ("time", frame, {"units": "1"}),
        },
        coords={"time": ("time", case.dt * np.arange(steps + 1), {"units": "s"})},
    )
    made = provenance_of(
        case.rule, engine="array", target=None, dt=case.dt, seed=seed, task=case.task, primer=case.primer, noise=noise,
        cycles=cycles,
    )  # fmt: skip
    return Recording(None, traces, made)
