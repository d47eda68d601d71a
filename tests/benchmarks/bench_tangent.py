"""Layer kernels of wide networks: time and memory, beside an explicit Jacobian, PyTorch, JAX and neural-tangents.

Run with ``python tests/benchmarks/bench_tangent.py [--moonshot]``, best with OPENBLAS_NUM_THREADS=1. Peers are used
where they import (PyTorch comes with the ``bench`` extra); each is checked for the same kernels. Times are processor
seconds, of all threads; every memory is the peak of a process of its own, with Python and the libraries in it.

Targets, n = 4096, 3 layers, 64 examples: weights drawn and kernels within 2.5 s, kernels within 0.7 s, 0.7 GB; at
n = 512 at least ten times as fast as an explicit Jacobian. With ``--moonshot``: n = 16384 within 4 GB.
"""

import argparse
import importlib
import multiprocessing
import resource
import time

import aims
import numpy as np

import spikelearn as sl

DEPTH, P = 3, 64
PEERS = ("torch", "jax", "neural_tangents")


def examples(n):
    return np.random.default_rng(0).normal(size=(P, n))


def ours(n, keep=True):
    """Processor seconds for drawing and kernels, and for kernels alone once weights are drawn."""
    network = sl.TangentKernel(n, DEPTH, seed=1, keep_weights=keep)
    x = network.normalised(examples(n))
    start = time.process_time()
    found = network.kernels(x)
    middle = time.process_time()
    again = time.process_time() - middle
    if keep:
        network.kernels(x)
        again = time.process_time() - middle
    return found, middle - start, again


def explicit(n, weights, x):
    """The same by a Jacobian that is written out: every gradient as a matrix, products of all entries."""
    from scipy.special import erf

    activities, slopes = [x], []
    for w in weights[:-1]:
        h = activities[-1] @ w.T
        activities.append(erf(h))
        slopes.append(2 / np.sqrt(np.pi) * np.exp(-h * h))
    delta = weights[-1] * slopes[-1]
    found = [activities[-1] @ activities[-1].T / n]
    for layer in range(len(weights) - 1, 0, -1):
        jacobian = (delta[:, :, None] * activities[layer - 1][:, None, :]).reshape(len(x), -1)
        found.insert(0, jacobian @ jacobian.T / n)
        if layer > 1:
            delta = delta @ weights[layer - 1] * slopes[layer - 2]
    return np.array(found)


def torch_kernels(n, weights, x):
    """PyTorch: gradients of every example by vmap(grad), one matrix an example and layer."""
    import torch

    torch.set_num_threads(1)
    given = [torch.tensor(w) for w in weights]

    def output(parameters, example):
        for w in parameters[:-1]:
            example = torch.erf(w @ example)
        return parameters[-1] @ example

    gradients = torch.func.vmap(torch.func.grad(output), in_dims=(None, 0))(given, torch.tensor(x))
    return np.array([(g.reshape(len(x), -1) @ g.reshape(len(x), -1).T / n).numpy() for g in gradients])


def jax_kernels(n, weights, x):
    """JAX: the same, compiled; the second call is the one to time."""
    import jax

    jax.config.update("jax_enable_x64", True)

    def output(parameters, example):
        for w in parameters[:-1]:
            example = jax.scipy.special.erf(w @ example)
        return parameters[-1] @ example

    if not hasattr(jax_kernels, "made"):
        gradient = jax.vmap(jax.grad(output), in_axes=(None, 0))

        def kernels(parameters, rows):
            flat = [g.reshape(len(rows), -1) for g in gradient(parameters, rows)]
            return [g @ g.T / rows.shape[1] for g in flat]

        jax_kernels.made = jax.jit(kernels)
    return np.array([np.asarray(k) for k in jax_kernels.made(list(weights), x)])


def neural_tangents_kernels(n, weights, x):
    """neural-tangents: its structured empirical kernel, summed over layers."""
    import jax
    import neural_tangents as nt

    jax.config.update("jax_enable_x64", True)
    if not hasattr(neural_tangents_kernels, "made"):

        def output(parameters, rows):
            for w in parameters[:-1]:
                rows = jax.scipy.special.erf(rows @ w.T)
            return rows @ parameters[-1][:, None]

        how = nt.NtkImplementation.STRUCTURED_DERIVATIVES
        neural_tangents_kernels.made = jax.jit(nt.empirical_ntk_fn(output, trace_axes=(-1,), implementation=how))
    return np.asarray(neural_tangents_kernels.made(x, None, list(weights))) / n


def timed(function, *arguments):
    """Result and processor seconds of the second of two calls: compilation and first touches are not counted."""
    function(*arguments)
    start = time.process_time()
    found = function(*arguments)
    return found, time.process_time() - start


def in_process(function, *arguments):
    """Run in a process of its own: result, and its peak memory in GB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_watched, (function, arguments))


def _watched(function, arguments):
    found = function(*arguments)
    return found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def imports(name):
    try:
        importlib.import_module(name)
    except Exception as error:  # a peer may fail in any way on import; say how
        return f"{type(error).__name__}: {str(error).split(' (')[0].splitlines()[0]}"
    return ""


def compare(n):
    network = sl.TangentKernel(n, DEPTH, seed=1)
    x, weights = network.normalised(examples(n)), network.layers.arrays()
    found, own = timed(lambda: [network.kernels(x) for _ in range(5)][0])
    own /= 5
    print(f"n = {n}, {DEPTH} layers, {P} examples, processor seconds; ours: {own:.4f} s")
    peers = {"explicit Jacobian, NumPy": (explicit, "numpy")} | {
        name: (globals()[f"{name}_kernels"], name) for name in PEERS
    }
    for name, (function, module) in peers.items():
        reason = imports(module)
        if reason:
            print(f"  {name:<26s} does not import here ({reason})")
            continue
        theirs, seconds = timed(function, n, weights, x)
        wanted = found if theirs.ndim == 3 else found.sum(axis=0)
        gap = np.abs(theirs - wanted).max()
        assert gap < 1e-10, (name, gap)
        print(f"  {name:<26s} {seconds:8.3f} s   {seconds / own:6.1f} times ours   (kernels differ by {gap:.0e})")
        if n == 512 and module == "numpy":
            aims.aim("explicit Jacobian / ours, n = 512", seconds / own, at_least=10)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moonshot", action="store_true", help="n = 16384, weights drawn again in each pass")
    options = parser.parse_args()
    (_, whole, again), peak = in_process(ours, 4096)
    print(f"n = 4096: weights drawn and kernels {whole:.2f} s, kernels {again:.2f} s")
    aims.aim("n = 4096, whole (s)", whole, at_most=2.5)
    aims.aim("n = 4096, kernels (s)", again, at_most=0.7)
    print(f"          peak {peak:.2f} GB; a Jacobian alone: {8 * P * (DEPTH * 4096**2 + 4096) / 1e9:.1f} GB")
    aims.aim("n = 4096, peak (GB)", peak, at_most=0.7)
    (_, whole, _), peak = in_process(ours, 4096, False)
    print(f"          weights not kept: {whole:.2f} s, peak {peak:.2f} GB")
    # Before the peers: a process of its own still counts the memory of the one that it came from.
    if options.moonshot:
        (_, whole, _), peak = in_process(ours, 16384, False)
        print(f"n = 16384, weights not kept: {whole:.1f} s, peak {peak:.2f} GB")
        aims.aim("n = 16384, peak (GB)", peak, at_most=4)
    for n in (256, 512):
        compare(n)


if __name__ == "__main__":
    aims.run(main)
