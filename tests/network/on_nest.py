"""Run networks on NEST: ``python on_nest.py TASKS.json RESULTS.json``, a process of its own.

NEST has threads, signal handlers, a banner and one kernel for all; none of them belongs in a process that runs tests.
"""

import json
import sys


def run(nest, task):
    """Simulate one network and give the spike times (ms) of every neuron.

    `task`: model, resolution and duration (ms), parameters by name with one value a neuron, synapses as (pre, post,
    weight, delay) with pre beyond the neurons for external trains, and these trains as times (ms).
    """
    nest.ResetKernel()
    nest.SetKernelStatus({"resolution": task["resolution"], "local_num_threads": 1, "print_time": False})
    parameters = task["parameters"]
    n = len(next(iter(parameters.values())))
    cells = nest.Create(task["model"], n)
    cells.set([{name: values[i] for name, values in parameters.items()} for i in range(n)])
    rows = [cells[i] for i in range(n)]
    precise = {"precise_times": task["model"].endswith("_ps")}
    for train in task["external"]:
        rows.append(nest.Create("spike_generator", params={"spike_times": train, **precise}))
    for pre, post, weight, delay in task["synapses"]:
        nest.Connect(rows[pre], rows[post], "one_to_one", {"weight": weight, "delay": delay})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Simulate(task["duration"])
    events = recorder.get("events")
    trains = [[] for _ in range(n)]
    for sender, time in sorted(zip(events["senders"].tolist(), events["times"].tolist(), strict=True)):
        trains[sender - cells[0].global_id].append(time)
    return trains


def main():
    """Read the tasks, run them one after the other, write the trains."""
    import nest

    if hasattr(nest, "VerbosityLevel"):
        nest.verbosity = nest.VerbosityLevel.ERROR
    else:
        nest.set_verbosity("M_ERROR")
    with open(sys.argv[1]) as given:
        tasks = json.load(given)
    found = [run(nest, task) for task in tasks]
    with open(sys.argv[2], "w") as out:
        json.dump(found, out)


if __name__ == "__main__":
    main()
