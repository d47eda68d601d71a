"""Tonic firing and bursting at the same parameters, where rho lies between 1 and the edge of tonic stability."""

import numpy as np
import pytest

from spikelearn.eventdriven import simulate_neurons
from spikelearn.models.adaptive_lif.regimes import burst_ratio, tonic_edge
from spikelearn.models.adaptive_lif.tonic import tonic_interval

V_0, THETA, DELTA, TAU, TAU_K, T_D = 0.02, 0.015, 0.015, 0.01, 0.05, 1.0
POTENTIALS = dict(V_0=V_0, theta=THETA, Delta=DELTA)


def longest_pauses(rho):
    """Longest late interval, in delays, from rest and from tonic firing with intervals modulated by 15 %."""
    delta_g = rho / burst_ratio(**POTENTIALS, tau=TAU, tau_K=TAU_K, delta_g=1.0)
    values = dict(**POTENTIALS, tau=TAU, tau_K=TAU_K, delta_g=delta_g, t_d=T_D)
    T = float(tonic_interval(**POTENTIALS, tau=TAU, tau_K=TAU_K, delta_g=delta_g))
    past = [0.0]
    while past[-1] > -T_D:
        past.append(past[-1] - T * (1 + 0.15 * np.sin(np.pi * past[-1] / T_D)))
    past = past[-2::-1]
    result = simulate_neurons(values, 40 * T_D, 2, g0=[0.0, delta_g * TAU_K / T], past_spikes=([0, 0, len(past)], past))
    trains = np.split(result.times, result.offsets[1:-1])
    return [np.diff(train[train > 30 * T_D]).max() / T_D for train in trains]


@pytest.mark.parametrize(
    ("rho", "rest_bursts", "tonic_lost"),
    [(0.9, False, False), (1.05, False, False), (1.2, True, False), (1.5, True, True)],
)
def test_history_decides_between_tonic_and_bursting(rho, rest_bursts, tonic_lost):
    from_rest, from_tonic = longest_pauses(rho)
    assert (from_rest > 0.5) == rest_bursts
    assert (from_tonic > 0.5) == tonic_lost


def test_the_upper_edge_is_where_tonic_firing_loses_stability():
    """Theory for t_d >> tau_K: 1.308. Discrete spikes hold on a little longer, here to 1.35."""
    edge = tonic_edge(**POTENTIALS)
    assert longest_pauses(0.97 * edge)[1] < 0.5 < longest_pauses(1.1 * edge)[1]
