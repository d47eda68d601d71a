"""Run a network of current-driven neurons on NEST's `iaf_psc_delta_ps`: ``python nest_precise.py NETWORK.npz``.

A process of its own, by whatever Python has NEST; `bench_driven.py` writes the file and calls it. Prints processor time
of the run, after a first millisecond, and how many spikes there were.
"""

import sys
import time

import numpy as np


def main():
    """Build, run, print."""
    import nest

    given = np.load(sys.argv[1])
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": 0.1, "local_num_threads": 1, "print_time": False})
    n = len(given["drive"])
    cells = nest.Create(
        "iaf_psc_delta_ps", n, {"C_m": 100.0, "tau_m": float(given["tau"]), "t_ref": float(given["pause"])}
    )
    cells.set({"E_L": 0.0, "V_reset": 0.0, "V_th": float(given["theta"]), "V_m": 0.0})
    cells.set({"I_e": given["drive"] * 100.0 / float(given["tau"])})
    nest.Connect(
        given["pre"] + cells[0].global_id,
        given["post"] + cells[0].global_id,
        "one_to_one",
        {"synapse_model": "static_synapse", "weight": given["weight"], "delay": given["delay"]},
    )
    if given["rate"] > 0.0:
        # Every target gets a train of its own.
        source = nest.Create("poisson_generator_ps", params={"rate": float(given["rate"])})
        nest.Connect(source, cells, "all_to_all", {"weight": float(given["jump"]), "delay": 0.1})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Prepare()
    nest.Run(1.0)
    used = time.process_time()
    nest.Run(float(given["duration"]) - 1.0)
    print("used", time.process_time() - used, int(recorder.get("n_events")))


if __name__ == "__main__":
    main()
