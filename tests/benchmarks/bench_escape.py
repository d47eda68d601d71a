"""One learning update with the sampling of hidden units: array engine, NumPy loop, PyTorch, Brian2 standalone.

Run with ``python tests/benchmarks/bench_escape.py [--no-torch] [--brian]``; 20 trials x 1000 bins x 80 units. PyTorch
comes with the ``bench`` extra; it runs on the CPU with as many threads as the array engine. Ratios are taken within one
run.
"""

from __future__ import annotations

import argparse
import os
import time
import tracemalloc

import numpy as np

import spikelearn as sl
from spikelearn.models.escape_noise import learn_in_brian, staircase
from spikelearn.models.escape_noise.posterior import credit, path_gradients, sample_path

TRIALS, BINS, VISIBLE, HIDDEN = 20, 1000, 30, 50
UNITS = VISIBLE + HIDDEN
DT, TAU, ETA, BASE = 0.001, 0.010, 0.1, 0.02


def without_own(reward):
    """Each trial's credit less the mean of the other trials, a baseline that does not hold the present sample."""
    return (reward - reward.mean(0)) * (len(reward) / (len(reward) - 1))


def array_update(network, V, seed, threads):
    path = sample_path(network, V, DT, np.random.default_rng(seed), threads=threads)
    reward = credit(path.free_energy, DT, "causal")
    return path_gradients(network, path, DT, without_own(reward), threads=threads)


def numpy_update(network, V, seed):
    """The same update as one would write it down: a loop over trials and bins with vectors over units."""
    rng = np.random.default_rng(seed)
    W_M, W_Q = network.W_M, network.W_Q
    decay = np.exp(-DT / TAU)
    fhats, eligibilities_M, paths = [], np.zeros((UNITS, UNITS)), []
    for trial in V:
        phi, a = np.zeros(UNITS), np.zeros(UNITS)
        fhat, steps = np.zeros(BINS), []
        for k in range(BINS):
            phi, a = decay * phi, decay * a
            r_Q = BASE * np.exp(W_Q @ phi - ETA * a[VISIBLE:])
            p_Q = -np.expm1(-r_Q)
            h = rng.random(HIDDEN) < p_Q
            x = np.concatenate([trial[k], h]).astype(float)
            r_M = BASE * np.exp(W_M @ phi - ETA * a)
            p_M = -np.expm1(-r_M)
            fhat[k] = np.where(h, np.log(p_Q), -r_Q).sum() - np.where(x > 0, np.log(p_M), -r_M).sum()
            eligibilities_M += np.outer(r_M / p_M * (x - p_M), phi)
            steps.append((r_Q / p_Q * (h - p_Q), phi))
            phi, a = phi + x, a + x
        fhats.append(fhat)
        paths.append(steps)
    reward = np.cumsum(np.array(fhats)[:, ::-1], axis=1)[:, ::-1]
    reward = without_own(reward)
    dF_Q = np.zeros((HIDDEN, UNITS))
    for trial, steps in enumerate(paths):
        for k, (score, phi) in enumerate(steps):
            dF_Q += reward[trial, k] * np.outer(score, phi)
    return -eligibilities_M, dF_Q


def torch_update(network, V, threads):
    """A loop over bins, batched over trials, with gradients by autograd on the surrogate sum of credit and log q."""
    import torch

    torch.set_num_threads(threads)
    W_M = torch.tensor(np.array(network.W_M), requires_grad=True)
    W_Q = torch.tensor(np.array(network.W_Q), requires_grad=True)
    data = torch.tensor(V.astype(float))
    decay = float(np.exp(-DT / TAU))
    phi, a = torch.zeros(TRIALS, UNITS, dtype=torch.float64), torch.zeros(TRIALS, UNITS, dtype=torch.float64)
    log_q, log_p = [], []
    for k in range(BINS):
        phi, a = decay * phi, decay * a
        r_Q = BASE * torch.exp(phi @ W_Q.T - ETA * a[:, VISIBLE:])
        with torch.no_grad():
            h = (torch.rand(TRIALS, HIDDEN, dtype=torch.float64) < -torch.expm1(-r_Q)).double()
        x = torch.cat([data[:, k], h], dim=1)
        r_M = BASE * torch.exp(phi @ W_M.T - ETA * a)
        log_q.append(torch.where(h > 0, torch.log(-torch.expm1(-r_Q)), -r_Q).sum(dim=1))
        log_p.append(torch.where(x > 0, torch.log(-torch.expm1(-r_M)), -r_M).sum(dim=1))
        phi, a = phi + x, a + x
    q, p = torch.stack(log_q, dim=1), torch.stack(log_p, dim=1)
    with torch.no_grad():
        reward = torch.flip(torch.cumsum(torch.flip(q - p, [1]), 1), [1])
        reward = without_own(reward)
    ((reward * q).sum() - p.sum()).backward()
    return W_M.grad.numpy(), W_Q.grad.numpy()


def torch_given(network, X, threads):
    """Gradients on given spikes, all bins at once: traces by one triangular matrix product, then autograd."""
    import torch

    torch.set_num_threads(threads)
    W = torch.tensor(np.vstack([network.W_M, network.W_Q]), requires_grad=True)
    x = torch.tensor(X.astype(float))
    lag = torch.arange(BINS)[:, None] - torch.arange(BINS)[None, :]
    kernel = torch.where(lag > 0, torch.exp(-lag.clamp(min=0) * DT / TAU), 0.0).double()
    phi = torch.matmul(kernel, x)
    both, own = torch.cat([x, x[:, :, VISIBLE:]], dim=2), torch.cat([phi, phi[:, :, VISIBLE:]], dim=2)
    r = BASE * torch.exp(phi @ W.T - ETA * own)
    torch.where(both > 0, torch.log(-torch.expm1(-r)), -r).sum().backward()
    return W.grad.numpy()


def timed(function, repeats):
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def peak_memory(network, V, threads):
    tracemalloc.start()
    array_update(network, V, 0, threads)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--brian", action="store_true", help="also Brian2 standalone (compiles)")
    args = parser.parse_args()
    from brian2 import Hz, ms

    cell = sl.EscapeNoise(tau=10 * ms, tau_adapt=10 * ms, eta_0=ETA, rho_0=20 * Hz)
    network = sl.VariationalNetwork.random(cell, VISIBLE, HIDDEN, scale=0.01, seed=0)
    V = staircase(TRIALS, BINS, seed=1)
    array_update(network, V, 0, args.threads)  # compile
    mine = timed(lambda: array_update(network, V, 0, args.threads), 7)
    single = timed(lambda: array_update(network, V, 0, 1), 3)
    print(f"array engine, {args.threads} threads: {1e3 * mine:8.1f} ms an update; one thread {1e3 * single:.1f} ms")
    loop = timed(lambda: numpy_update(network, V, 0), 1)
    print(f"NumPy loop a trial:       {1e3 * loop:8.1f} ms, ratio {loop / mine:6.1f} (wanted 20)")
    if not args.no_torch:
        torch_update(network, V, args.threads)
        other = timed(lambda: torch_update(network, V, args.threads), 3)
        print(f"PyTorch loop, autograd:   {1e3 * other:8.1f} ms, ratio {other / mine:6.1f} (wanted 3)")
        X = sample_path(network, V, DT, np.random.default_rng(0)).X
        torch_given(network, X, args.threads)
        other = timed(lambda: torch_given(network, X, args.threads), 3)
        print(f"PyTorch, given spikes:    {1e3 * other:8.1f} ms, ratio {other / mine:6.2f} (reported)")
    if args.brian:
        start = time.perf_counter()
        learn_in_brian(network, V, DT, target="cpp_standalone")
        other = time.perf_counter() - start
        print(f"Brian2 standalone, build: {1e3 * other:8.1f} ms, ratio {other / mine:6.1f} (with compilation)")
    sizes = {"trials x bins x units": V, "2 x trials": np.tile(V, (2, 1, 1)), "2 x bins": np.tile(V, (1, 2, 1))}
    peaks = {name: peak_memory(network, data, args.threads) for name, data in sizes.items()}
    first = peaks["trials x bins x units"]
    shares = ", ".join(f"{name} {peak / 2**20:.1f} MiB ({peak / first:.2f})" for name, peak in peaks.items())
    print(f"peak memory: {shares}")
    wide = sl.VariationalNetwork.random(cell, 2 * VISIBLE, 2 * HIDDEN, scale=0.01, seed=0)
    peak = peak_memory(wide, np.tile(V, (1, 1, 2)), args.threads)
    print(f"             2 x units {peak / 2**20:.1f} MiB ({peak / first:.2f}); 2.00 is linear")


if __name__ == "__main__":
    main()
