"""What is measured in runs of the entropy rule, and what theory says it should be."""

from __future__ import annotations

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.cases import EntropyCase
from spikelearn.models.entropy_rule.input_network import InputNetwork
from spikelearn.models.entropy_rule.replaying import cycle_errors, mean_deviation
from spikelearn.models.entropy_rule.stability import floquet
from spikelearn.simulation.recording import Recording

__all__ = [
    "completion",
    "deviation",
    "first_cycle_error",
    "frames_shown",
    "independent_frames",
    "largest_multiplier",
    "multiplier_bound",
    "periodic_weights",
    "relative_error",
    "replay_period",
    "source_period",
    "stationary_weights",
    "weight_error",
    "weights_at_end",
]


def _online(case: EntropyCase, recording: Recording) -> Floats:
    if case.truth is None or "W" not in recording.traces:
        raise ValueError("this quantity needs weights that were learned online: the task must be 'connectivity'")
    return np.asarray(recording.traces["W"].values[-1], dtype=np.float64)


def _path(case: EntropyCase, recording: Recording) -> Floats:
    if case.truth is not None:
        raise ValueError("this quantity needs the replay of a movie: the task must be 'letter' or 'grid'")
    return np.asarray(recording.traces["v"].values, dtype=np.float64)


def relative_error(W: Floats, truth: Floats) -> float:
    """Give the Frobenius distance of two weight matrices over the length of the second."""
    return float(np.linalg.norm(W - truth) / np.linalg.norm(truth))


def weights_at_end(case: EntropyCase, recording: Recording) -> Floats:
    """Give the weights at the end of a run of whole periods, row by row."""
    return _online(case, recording).ravel()


def weight_error(case: EntropyCase, recording: Recording) -> float:
    """Give the relative error of the last weights against those of the input network."""
    return relative_error(_online(case, recording), _truth(case))


def replay_period(case: EntropyCase, recording: Recording) -> float:
    """Give the period of the learned network's own cycle, seconds."""
    learned = InputNetwork(_online(case, recording), case.rule.l, case.rule.activation)
    return learned.cycle(case.frames[0]).period


def periodic_weights(case: EntropyCase) -> Floats:
    """Give the periodic solution at the begin of a period, row by row."""
    return np.asarray(case.rule.periodic(case.frames, case.dt).weights[0].ravel())


def stationary_weights(case: EntropyCase) -> Floats:
    """Give the stationary point by Fourier transform, row by row."""
    return case.rule.stationary(case.frames, case.dt).ravel()


def source_period(case: EntropyCase) -> float:
    """Give the period of the input, seconds."""
    return float(case.dt * len(case.frames))


def first_cycle_error(case: EntropyCase, recording: Recording) -> float:
    """Give the largest difference between replay and movie in the first cycle."""
    return float(cycle_errors(_path(case, recording), case.frames)[0])


def deviation(case: EntropyCase, recording: Recording) -> float:
    """Give d(u, v): the mean of |v - u| over active neurons and the steps of the first cycle."""
    return mean_deviation(_path(case, recording), case.frames)


def completion(case: EntropyCase, recording: Recording) -> Floats:
    """Give the rms distance to the nearest frame after each cycle."""
    _path(case, recording)
    return np.asarray(recording.traces["frame_error"].values[len(case.frames) :: len(case.frames)])


def independent_frames(case: EntropyCase, recording: Recording) -> float:
    """Give how many frames are independent of each other, by singular values."""
    _path(case, recording)
    return float(case.weights().rank)


def largest_multiplier(case: EntropyCase, recording: Recording) -> float:
    """Give the size of the largest Floquet multiplier of replay, by products of its steps' Jacobians in factors."""
    _path(case, recording)
    return float(np.abs(floquet(case.weights(), case.frames, case.dt, case.rule.l, case.rule.activation)[0]))


def multiplier_bound(case: EntropyCase) -> float:
    """Give the same from the whole matrix, multiplied out and taken step by step."""
    dense = case.weights().dense()
    return float(np.abs(floquet(dense, case.frames, case.dt, case.rule.l, case.rule.activation)[0]))


def frames_shown(case: EntropyCase) -> float:
    """Give the number of frames, or of active neurons where there are fewer."""
    return float(min(case.frames.shape))


def _truth(case: EntropyCase) -> Floats:
    if case.truth is None:
        raise ValueError("this quantity needs the weights of an input network: the task must be 'connectivity'")
    return case.truth
