"""Steps of the spiking network in compiled code."""

from __future__ import annotations

from typing import Any

from spikelearn.compiled import njit

__all__ = ["network_steps"]


@njit(cache=True, error_model="numpy", nogil=True)
def _flushed(x: Any) -> Any:
    """Count a current below 1e-30 pA as zero: its decay would otherwise end in denormal numbers, which are slow."""
    return x if x > 1e-30 else 0.0


@njit(cache=True, error_model="numpy", nogil=True)
def network_steps(
    first: Any,
    last: Any,
    v: Any,
    a: Any,
    currents: Any,
    free: Any,
    normals: Any,
    injected: Any,
    J: Any,
    targets: Any,
    pointers: Any,
    spikes: Any,
    begins: Any,
    constants: Any,
    counts: Any,
) -> None:
    """Run the steps ``first <= k < last``; everything but the connections and the constants is changed in place.

    A step is: all states from the old ones; thresholds; arrival of the spikes of earlier steps; resets.

    Parameters
    ----------
    first, last : int
        Steps, counted from the start of the trial.
    v, free : ndarray, shape (n,)
        Potentials in mV, and the step from which a unit is no longer refractory.
    a : ndarray, shape (n_E,)
        Adaptation in pA.
    currents : ndarray, shape (4, n)
        s_E, u_E, s_I, u_I in pA.
    normals : ndarray, shape (last - first, n)
        Standard normal numbers.
    injected : float
        Current into all I units, in pA.
    J, targets : ndarray, shape (synapses,)
        Weights in pA, and the units that receive them; sorted by source and delay.
    pointers : ndarray, shape (n, longest delay + 1)
        The synapses of unit j with a delay of d steps are ``pointers[j, d - 1] <= s < pointers[j, d]``.
    spikes : ndarray
        Units that fired, one after the other; room for all there can be.
    begins : ndarray, shape (steps + 1,)
        Where in `spikes` a step begins; ``begins[first]`` is given.
    constants, counts : ndarray
        See `spikelearn.models.up_state_network.grid.Grid`.
    """
    n, n_E = v.size, a.size
    g_L, V_th, V_reset, fade = constants[0], constants[1], constants[2], constants[3]
    E_L, per_C, noise, b, rise_E, decay_E, gain_E = (
        constants[4],
        constants[5],
        constants[6],
        constants[7],
        constants[8],
        constants[9],
        constants[10],
    )
    E_LI, per_CI, noise_I, rise_I, decay_I, gain_I = (
        constants[11],
        constants[12],
        constants[13],
        constants[14],
        constants[15],
        constants[16],
    )
    held_E, held_I, longest = counts[0], counts[1], counts[2]
    sE, uE, sI, uI = currents[0], currents[1], currents[2], currents[3]
    n_spikes = begins[first]
    for k in range(first, last):
        z = normals[k - first]
        for i in range(n_E):
            x = v[i]
            moved = x + per_C * (g_L * (E_L - x) - a[i] + sE[i] - sI[i]) + noise * z[i]
            v[i] = moved if free[i] <= k else x
            a[i] -= fade * a[i]
        for i in range(n_E, n):
            x = v[i]
            moved = x + per_CI * (g_L * (E_LI - x) + sE[i] - sI[i] + injected) + noise_I * z[i]
            v[i] = moved if free[i] <= k else x
        for i in range(n):
            sE[i] = _flushed(sE[i] + decay_E * (uE[i] - sE[i]))
            uE[i] = _flushed(uE[i] - rise_E * uE[i])
            sI[i] = _flushed(sI[i] + decay_I * (uI[i] - sI[i]))
            uI[i] = _flushed(uI[i] - rise_I * uI[i])
        for i in range(n):
            if v[i] >= V_th:
                spikes[n_spikes] = i
                n_spikes += 1
        begins[k + 1] = n_spikes
        for d in range(1, min(longest, k) + 1):
            for m in range(begins[k - d], begins[k - d + 1]):
                j = spikes[m]
                u = uE if j < n_E else uI
                gain = gain_E if j < n_E else gain_I
                for s in range(pointers[j, d - 1], pointers[j, d]):
                    u[targets[s]] += J[s] * gain
        for m in range(begins[k], n_spikes):
            i = spikes[m]
            v[i] = V_reset
            if i < n_E:
                a[i] += b
                free[i] = k + held_E
            else:
                free[i] = k + held_I
