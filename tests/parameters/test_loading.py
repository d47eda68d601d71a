"""Brian2 loaded first by a thread, as the workers of Dask do it."""

import subprocess
import sys

CODE = """
import signal, threading
import spikelearn as sl
before, found = signal.signal, []
def run():
    found.append(sl.simulate(sl.AdaptiveLIF(V_0="30 mV", tau_K="inf s"), 1.0).spikes.n_spikes)
threads = [threading.Thread(target=run) for _ in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert signal.signal is before
print(found)
"""


def test_a_thread_may_be_the_first_to_need_brian2():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "[10, 10, 10]\n"
