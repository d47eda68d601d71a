"""What a model must give so that `simulate` can run it, and what a run hands to the engine that does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from spikelearn.parameters.names import unknown_name
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording

__all__ = ["RunSettings", "Runner", "Simulable", "check_options"]


@dataclass(frozen=True, eq=False)
class RunSettings:
    """How one run was asked for, read and checked: plain numbers in SI units.

    Parameters
    ----------
    duration : float
        Model time in seconds.
    dt, record_dt : float
        Time step, and step of the traces, in seconds.
    target, method : str, str or None
        Brian2's code generation target ("auto" for its choice) and integration method.
    seed : int or None
        Seed of random numbers.
    record : tuple of str
        Variables to record, or "counts" alone.
    n : int
        Number of independent copies.
    sized : bool
        Whether `n` was given, for models of which 1 is not the usual size.
    vary : mapping
        Parameters that differ between copies.
    initial : Initial
        State at time 0.
    progress : bool
        Whether to show a progress bar.
    threads : int or None
        Threads of the engine; all that the process may use if None.
    options : mapping
        What this kind of model adds, by the names of its `run_options`; absent where not given.

    Examples
    --------
    >>> from spikelearn.simulation.simulable import RunSettings
    >>> import spikelearn as sl
    >>> neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.0)
    >>> settings = RunSettings(duration=0.1, dt=1e-4, record_dt=1e-3, record=("counts",))
    >>> settings.counting, neuron.engines["exact"](neuron, settings).counts
    (True, array([[7]]))
    """

    duration: float
    dt: float
    record_dt: float
    target: str = "auto"
    method: str | None = None
    seed: int | None = None
    record: tuple[str, ...] = ()
    n: int = 1
    sized: bool = False
    vary: Mapping[str, Any] = field(default_factory=dict)
    initial: Initial = field(default_factory=Initial)
    progress: bool = False
    threads: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def counting(self) -> bool:
        """Whether spikes are to be counted instead of kept."""
        return self.record == ("counts",)


Runner = Callable[[Any, RunSettings], Recording]
"""An engine: from a model and settings to a recording."""


class Simulable(Protocol):
    """A model that `simulate` can run.

    Examples
    --------
    >>> import spikelearn as sl
    >>> class Clock:
    ...     parameters, equations, recordable, settable, run_options = {}, "", {}, {}, {}
    ...     default_dt = 1e-3
    ...     @property
    ...     def engines(self):
    ...         return {"exact": self.tick}
    ...     def check_initial(self, states, values):
    ...         pass
    ...     def tick(self, model, settings):
    ...         times = [0.1 * k for k in range(round(settings.duration / 0.1))]
    ...         return sl.Recording(sl.SpikeTrains.from_arrays([times], t_stop=settings.duration), None)
    >>> sl.simulate(Clock(), "1 s").spikes
    SpikeTrains(1 trial x 1 unit, 10 spikes in [0.0, 1.0) s)
    """

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Value of every parameter by name; those of a dataclass are its fields."""

    @property
    def equations(self) -> str:
        """Brian2 equation strings; empty where there is no differential equation."""

    @property
    def recordable(self) -> Mapping[str, str]:
        """Variables that can be recorded, with their SI units."""

    @property
    def settable(self) -> Mapping[str, str]:
        """Variables that `Initial` can set, with their SI units."""

    @property
    def default_dt(self) -> float:
        """The time step of a run that does not say one, in seconds."""

    @property
    def run_options(self) -> Mapping[str, str]:
        """Arguments of `simulate` beyond the common ones that apply to it, each with one line of help.

        Among them may be n, vary, initial and threads, and names of its own, which arrive in ``settings.options``.
        """

    @property
    def engines(self) -> Mapping[str, Runner]:
        """Engines that can run it, the best first."""

    def check_initial(self, states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse a start that the model cannot have; `states` and parameter `values` in SI units."""


def check_options(model: Simulable, given: Mapping[str, Any]) -> None:
    """Refuse arguments of a run that do not apply to a kind of model.

    Raises
    ------
    ValueError
        Naming the argument, the kind, and what applies to it.
    """
    name = type(model).__name__
    known = model.run_options
    for key in given:
        if key in known:
            continue
        if key in ("n", "vary", "initial", "threads"):
            listed = ", ".join(known) or "none of these"
            raise ValueError(
                f"{key} must be left out for {_article(name)} {name}; beside the common arguments it takes {listed}"
            )
        raise ValueError(unknown_name(name, "run argument", key, known))


def _article(name: str) -> str:
    return "an" if name[0] in "AEIOU" else "a"
