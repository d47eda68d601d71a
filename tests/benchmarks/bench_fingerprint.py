"""What it costs to digest a network, against wiring it and running it for ten milliseconds."""

from __future__ import annotations

import time

import numpy as np
from brian2 import Hz, ms, mV

import spikelearn as sl
from spikelearn.network import FixedInDegree, PoissonInput, Population, Projection
from spikelearn.network.fingerprint import fingerprint
from spikelearn.network.wiring import wire


def main(n: int = 10_000, k: int = 1000) -> None:
    """Print seconds, and the digest's share, for n neurons with k synapses each and delays of their own."""
    rng = np.random.default_rng(0)
    neuron = sl.AdaptiveLIF(V_0=15 * mV, delta_g=0.1)
    network = sl.Network(
        {"E": Population(neuron, n)},
        [Projection("E", "E", FixedInDegree(k), rng.random(n * k) * 0.01 * mV, (1 + rng.random(n * k)) * ms)],
        poisson=[PoissonInput("E", 1000 * Hz, 0.1 * mV)],
    )
    sl.simulate(sl.Network({"E": Population(neuron, 2)}), 0.01)
    begun = time.perf_counter()
    wiring = wire(network)
    wired = time.perf_counter()
    fingerprint(wiring, 0.0)
    digested = time.perf_counter()
    del wiring
    before = time.perf_counter()
    sl.simulate(network, 0.01, seed=1)
    ran = time.perf_counter() - before
    digest = digested - wired
    print(f"{n * k} synapses: wiring {wired - begun:.2f} s, digest {digest:.2f} s, run of 10 ms in all {ran:.2f} s")
    print(f"digest/wiring {digest / (wired - begun):.3f}, digest/run {digest / ran:.3f}")


if __name__ == "__main__":
    main()
