"""The same network on Brian2: built once, run trial after trial with other weights and seeds."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.models.up_state_network.grid import DT, grid_of
from spikelearn.models.up_state_network.synapses import UpStateSynapses
from spikelearn.models.up_state_network.trial import Injection, TrialSpikes

if TYPE_CHECKING:
    from spikelearn.models.up_state_network.model import UpStateNetwork

__all__ = ["EQUATIONS", "BrianTrials"]

# In pA, pF, nS and mV, so that a weight is the same number on both engines.
EQUATIONS = """
dv/dt = (g_L*(E_L - v) - a + s_E - s_I{injected})/C + sigma*sqrt(g_L/C)*{noise} : volt (unless refractory)
da/dt = -a/tau_a : amp
ds_E/dt = (u_E - s_E)/tau_decay_E : amp
du_E/dt = -u_E/tau_rise_E : amp
ds_I/dt = (u_I - s_I)/tau_decay_I : amp
du_I/dt = -u_I/tau_rise_I : amp
E_L : volt (constant)
C : farad (constant)
b : amp (constant)
t_ref : second (constant)
"""
_SHARED = ("g_L", "sigma", "V_th", "V_reset", "tau_a", "kick", "t_kick")


class BrianTrials:
    """The Brian2 engine; use it as a context manager.

    Parameters
    ----------
    model : UpStateNetwork
        The network.
    synapses : UpStateSynapses
        Who is connected; the weights are given to `spikes`.
    seed : int
        Seed of the noise, whose numbers are Brian2's own and differ between targets.
    target : {"auto", "numpy", "cython", "cpp_standalone"}
        How Brian2 generates code; "auto" compiles a standalone program where there is a compiler.
    steps : int, optional
        Steps of a trial; those of the model if not given.
    injection : Injection, optional
        A current into the I units in every trial.
    normals : ndarray of shape (steps, n), optional
        Standard normal numbers to use instead of Brian2's own, the same in every trial.

    Attributes
    ----------
    run_seconds : float
        How long the last trial ran, without the build.
    """

    def __init__(
        self,
        model: UpStateNetwork,
        synapses: UpStateSynapses,
        seed: int,
        *,
        target: str = "auto",
        steps: int | None = None,
        injection: Injection | None = None,
        normals: NDArray[np.float64] | None = None,
    ) -> None:
        from spikelearn.brian.session import choose_target

        self._model, self._synapses, self._seed = model, synapses, seed
        self._grid = grid_of(model)
        self.steps = self._grid.steps if steps is None else steps
        # Every trial counts, so that it is worth to compile what one trial would not be.
        self.target = choose_target(target, n=model.n, steps=100 * self.steps)
        self._injection, self._normals = injection or Injection(), normals
        self._stack = contextlib.ExitStack()
        self._numbers = itertools.count()
        self._parts: tuple[Any, ...] = ()
        self.run_seconds = float("nan")

    def __enter__(self) -> Self:
        from brian2.devices.device import get_device

        from spikelearn.brian.compiling import build_program
        from spikelearn.brian.reseeding import SEEDING
        from spikelearn.brian.session import session

        with contextlib.ExitStack() as stack:
            self._session = stack.enter_context(session(self.target))
            self._parts = self._build()
            network = self._parts[0]
            if self.target == "cpp_standalone":
                device = get_device()
                device.insert_code("after_start", SEEDING)
                network.run(self._duration, namespace={})
                build_program(device, self._session.directory)
            else:
                network.store("rest")
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parts = ()
        self._stack.__exit__(kind, error, trace)

    @property
    def _duration(self) -> Any:
        from brian2 import ms

        return self.steps * DT * ms

    def spikes(self, J: Floats, trial: int) -> TrialSpikes:
        """Run trial number `trial` with weights in pA.

        Raises
        ------
        RuntimeError
            Outside the ``with`` block, or the program did not take over the weights.
        """
        if not self._parts:
            raise RuntimeError("BrianTrials.spikes must be called inside its with block")
        from brian2 import pA

        network, monitor, from_E, from_I = self._parts
        entropy = np.random.SeedSequence(self._seed, spawn_key=(trial,))
        n_from_E = int(np.searchsorted(self._synapses.sources, self._model.n_E))
        weights = [(part, piece) for part, piece in ((from_E, J[:n_from_E]), (from_I, J[n_from_E:])) if len(piece)]
        if self.target == "cpp_standalone":
            self._run_program({part.J: piece * pA for part, piece in weights}, entropy)
            for part, piece in weights:
                got = np.asarray(part.variables["J"].get_value())
                if not np.array_equal(got, np.asarray(piece * pA)):
                    raise RuntimeError(
                        "the compiled program did not take over the weights; its result is not to be used"
                    )
        else:
            self._run_here(network, weights, entropy)
        units = np.array(monitor.i[:], dtype=np.int32)
        times = np.asarray(monitor.t[:], dtype=np.float64)
        found = np.rint(times / (DT * 1e-3)).astype(np.int64)
        order = np.lexsort((units, found))
        if self.target == "cpp_standalone":
            from brian2.devices.device import get_device

            shutil.rmtree(get_device().results_dir, ignore_errors=True)
        return TrialSpikes(units[order], found[order], self.steps)

    def _run_program(self, arguments: dict[Any, Any], entropy: np.random.SeedSequence) -> None:
        from brian2.devices.device import get_device

        from spikelearn.brian.reseeding import seeds_for_a_run

        device = get_device()
        with seeds_for_a_run(entropy):
            device.run(results_directory=f"results_{next(self._numbers)}", with_output=False, run_args=arguments)
        # Files of weights that were handed over: a megabyte each, one a trial.
        for name in device.run_args_arrays:
            with contextlib.suppress(OSError):
                (Path(device.project_dir) / "static_arrays" / name).unlink()
        self.run_seconds = float(device._last_run_time)

    def _run_here(self, network: Any, weights: list[tuple[Any, Floats]], entropy: np.random.SeedSequence) -> None:
        from brian2 import pA
        from brian2.devices.device import runtime_device

        network.restore("rest")
        for part, piece in weights:
            part.J = piece * pA
        runtime_device.seed(int(entropy.generate_state(1)[0]))
        begin = time.perf_counter()
        self._session.run(network, self._duration)
        self.run_seconds = time.perf_counter() - begin

    def _build(self) -> tuple[Any, ...]:
        from brian2 import Network, NeuronGroup, SpikeMonitor, Synapses, TimedArray, ms, pA

        model, synapses, grid = self._model, self._synapses, self._grid
        dt = DT * ms
        names = {name: getattr(model, name) for name in _SHARED}
        names |= {
            f"tau_{part}_{kind}": getattr(model, f"tau_{part}_{kind}") for part in ("rise", "decay") for kind in "EI"
        }
        names |= {"n_E": model.n_E, "n_kicked": model.n_kicked, "half": dt / 2}
        injected, noise = "", "xi"
        if self._injection.current:
            injected = " + injected*int(i >= n_E)*int(t >= begin - half)*int(t < end - half)"
            names |= {"injected": self._injection.current * pA}
            names |= {"begin": self._injection.start * dt, "end": self._injection.stop * dt}
        if self._normals is not None:
            noise = "drawn(t, i)/sqrt(dt)"
            names["drawn"] = TimedArray(self._normals, dt=dt)
        group = NeuronGroup(
            model.n,
            EQUATIONS.format(injected=injected, noise=noise),
            threshold="v >= V_th",
            reset="v = V_reset\na += b",
            refractory="t_ref",
            method="euler",
            dt=dt,
            namespace=names,
            name="units",
        )
        for kind, part in (("E", slice(0, model.n_E)), ("I", slice(model.n_E, model.n))):
            group.E_L[part] = group.v[part] = getattr(model, f"E_L_{kind}")
            group.C[part] = getattr(model, f"C_{kind}")
            group.t_ref[part] = getattr(model, f"t_ref_{kind}")
        group.b[: model.n_E] = model.b
        if grid.kick and grid.kick_step < self.steps:
            # Where spikes arrive: after the states of its own step.
            group.run_regularly(
                "u_E += kick*int(i < n_kicked)*int(abs(t - t_kick) < half)",
                dt=(grid.kick_step or self.steps) * dt,
                when="synapses",
            )
        parts = []
        edges = {"E": (0, model.n_E), "I": (model.n_E, model.n)}
        for kind, (first, last) in edges.items():
            mine = (synapses.sources >= first) & (synapses.sources < last)
            part = Synapses(
                group[first:last],
                group,
                "J : amp",
                on_pre=f"u_{kind}_post += J*(1*ms/tau_rise_{kind})",
                dt=dt,
                namespace={**names, "ms": ms},
                name=f"from_{kind}",
            )
            if mine.any():
                part.connect(i=synapses.sources[mine] - first, j=synapses.targets[mine])
                part.J = synapses.J[mine] * pA
                part.delay = synapses.delays[mine] * dt
            else:
                part.active = False
            parts.append(part)
        monitor = SpikeMonitor(group, name="spikes")
        used = [part for part in parts if part.active]
        return Network(group, monitor, *used), monitor, *parts
