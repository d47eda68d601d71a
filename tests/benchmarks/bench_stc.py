"""Time and peak memory of spike-triggered covariance beside the plain NumPy way of writing it.

Two cases, each with a million frames and 200 numbers in a stimulus vector: a stimulus of 200 dimensions, and one
stimulus with 200 lags. The plain way writes all vectors out as one array, weights it, and multiplies; with lags at the
full length that array alone is 1.6 GB, so the plain way runs on the first tenth of the frames unless ``--full``.

Run ``python tests/benchmarks/bench_stc.py``; ``OPENBLAS_NUM_THREADS=2`` sets the cores.
"""

import argparse
import time
import tracemalloc

import numpy as np

from spikelearn.analyses import spike_triggered_covariance

WINDOW = 200


def plain(stimulus, weights, window):
    """Write every stimulus vector out; whiten; return eigenvalues in descending order."""
    if window:
        rows = np.array([stimulus[k : k + WINDOW] for k in range(len(stimulus) - WINDOW + 1)])
        weights = weights[WINDOW - 1 :]
    else:
        rows = stimulus
    prior = np.cov(rows.T, bias=True)
    average = weights @ rows / weights.sum()
    triggered = (weights[:, None] * rows).T @ rows / weights.sum() - np.outer(average, average)
    return np.sort(np.linalg.eigvals(np.linalg.solve(prior, triggered)).real)[::-1]


def ours(stimulus, weights, window):
    """Give the eigenvalues of the library, without the surrogates."""
    lags = (-(WINDOW - 1) * 0.001, 0.001) if window else None
    found = spike_triggered_covariance(stimulus, 0.001, None, lags, weights=weights, n_surrogates=0)
    return found["eigenvalues"].values


def measure(function, *arguments):
    """Give seconds of a plain run, peak bytes of another run under tracemalloc, and the result."""
    begin = time.perf_counter()
    result = function(*arguments)
    seconds = time.perf_counter() - begin
    tracemalloc.start()
    function(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak, result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--full", action="store_true", help="run the plain way on all frames too")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    for name, window in (("200 dimensions", False), ("200 lags", True)):
        stimulus = rng.standard_normal(options.frames if window else (options.frames, WINDOW))
        drive = stimulus if window else stimulus[:, 0]
        for density, rate in (("sparse", 0.1), ("dense", 2.0)):
            weights = rng.poisson(rate * np.exp(0.5 * drive))
            part = slice(None) if options.full else slice(options.frames // 10)
            seconds, peak, _ = measure(ours, stimulus, weights, window)
            print(
                f"{name}, {density} weights ({np.mean(weights > 0):.0%} of {options.frames} frames): "
                f"{seconds:.2f} s, {peak / 1e6:.0f} MB beyond the input"
            )
            own, own_peak, values = measure(ours, stimulus[part], weights[part], window)
            slow, slow_peak, expected = measure(plain, stimulus[part], weights[part], window)
            gap = np.abs(values - expected).max()
            print(
                f"    on {len(weights[part])} frames: {own:.2f} s, {own_peak / 1e6:.0f} MB; "
                f"plain {slow:.2f} s, {slow_peak / 1e6:.0f} MB; "
                f"{slow / own:.1f} times faster, {slow_peak / own_peak:.1f} times less memory, "
                f"eigenvalues differ by {gap:.1e}"
            )


if __name__ == "__main__":
    main()
