"""The learning rule by relative entropy: parameters, and everything that can be done with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.activation import get_activation
from spikelearn.models.entropy_rule.online import OnlineRun, OnlineState, learn_online
from spikelearn.models.entropy_rule.periodic import PeriodicSolution, periodic_solution
from spikelearn.models.entropy_rule.replaying import replay
from spikelearn.models.entropy_rule.stationary import averaged_terms, stationary
from spikelearn.parameters.fields import field_values, quantity, validate_parameters
from spikelearn.parameters.numbers import one_number
from spikelearn.parameters.shapes import fields_html

if TYPE_CHECKING:
    from spikelearn.simulation.simulable import Runner

__all__ = ["EntropyRule"]

_RECORDABLE = ("W", "v", "v_bar", "stdp", "hebbian", "scaling")


@dataclass(frozen=True)
class EntropyRule:
    """A rate network that learns to replay its input by STDP, Hebbian learning and synaptic scaling.

    The network is v' = -l_net v + W S(v) + u(t). From v-bar = l_net v - (W S(v)) * g_l_net, which equals u * g_l_net
    whatever W is, each weight from j to i learns by

        dW_ij/dt = epsilon (delta[v-bar_i, S(v-bar_j)] + l v-bar_i S(v-bar_j) - sum_k W_ik S(v-bar_k) S(v-bar_j)),

        delta[x, y] = (gamma/2) (x (y * g_gamma) - (x * g_gamma) y),   g_c(t) = c exp(-c t), t > 0,

    in which delta stands in for the derivative of the input. Time has the unit of 1/l; in `simulate` a unit is 1 s.

    Parameters
    ----------
    l : float
        Decay constant in the rule: that of the input, if it is a network, and of the network at replay.
    gamma : float
        Rate of the STDP window; large beside the rates of the input.
    epsilon : float
        Learning rate; small.
    activation : str
        S: "tanh", "linear", or a differentiable formula in x such as "1/(1 + exp(-x))".
    l_net : float, optional
        Decay constant of the network while it learns; that of the rule, l, if not given, which sees slow inputs only.

    Raises
    ------
    ValueError
        A parameter outside its range, or a formula that is none.
    TypeError
        A parameter that is no number or text.

    References
    ----------
    004 (Galtier & Wainrib), Eqs. (2) and (5); delta and g_c below (5). The convolution in v-bar acts on the second term
    alone (erratum G2). The source's hybrid scheme has l_net >> l.

    Examples
    --------
    Two neurons see a circle; the rule finds its rotation, up to the filters' 1/l_net^2 and 1/gamma^2:

    >>> t = 2 * np.pi * np.arange(64) / 64
    >>> circle = 0.1 * np.stack([np.cos(t), np.sin(t)], axis=1)
    >>> rule = EntropyRule(l=1.0, gamma=100.0, activation="linear", l_net=100.0)
    >>> rule.stationary(circle, 2 * np.pi / 64).round(3) + 0.0
    array([[ 1., -1.],
           [ 1.,  1.]])
    """

    l: float = quantity(1.0, positive=True, doc="decay constant in the rule, that of the input")
    gamma: float = quantity(100.0, positive=True, doc="rate of the STDP window")
    epsilon: float = quantity(0.01, positive=True, doc="learning rate")
    activation: str = "tanh"
    l_net: float | None = None

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        validate_parameters(self)
        get_activation(self.activation)
        if self.l_net is not None:
            value = one_number("EntropyRule.l_net", self.l_net)
            if not 0.0 < value < np.inf:
                raise ValueError(f"EntropyRule.l_net must be positive and finite, got {self.l_net}")
            object.__setattr__(self, "l_net", value)

    @property
    def network_decay(self) -> float:
        """Decay constant of the network while it learns: l_net, or l where that is not given."""
        return self.l if self.l_net is None else self.l_net

    @property
    def parameters(self) -> dict[str, Any]:
        """Every parameter by name."""
        return field_values(self)

    @property
    def equations(self) -> str:
        """Brian2 equations of a neuron, then those of a synapse."""
        from spikelearn.models.entropy_rule.brian import equations

        return "\n".join(line.strip() for text in equations(self) for line in text.strip().splitlines())

    @property
    def recordable(self) -> dict[str, str]:
        """Weights, network, v-bar, and what each of the three terms has added to the weights; none has a unit."""
        return dict.fromkeys(_RECORDABLE, "1")

    @property
    def settable(self) -> dict[str, str]:
        """Nothing: runs start from rest, or from `W` or `state` of the run options."""
        return {}

    @property
    def default_dt(self) -> float:
        """Step, in seconds."""
        return 0.005

    @property
    def run_options(self) -> dict[str, str]:
        """Arguments of `simulate` that apply to it beyond the common ones."""
        return {
            "input": "one period of the input, an array (frames, neurons), frames one dt apart",
            "W": "first weights W[i, j] from neuron j to neuron i; zero if left out",
            "state": "an OnlineState to go on from",
        }

    @property
    def engines(self) -> dict[str, Runner]:
        """Engines that can run it, the best first."""
        from spikelearn.models.entropy_rule.engines import run_on_array, run_on_brian

        return {"array": run_on_array, "brian2": run_on_brian}

    def check_initial(self, states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse any state: a run starts at rest."""
        if states:
            raise ValueError(f"EntropyRule starts at rest, or from state=, got the states {sorted(states)}")

    def brian_objects(
        self, frames: ArrayLike, dt: float, *, W: ArrayLike | None = None, name: str = "entropy*"
    ) -> tuple[Any, Any]:
        """Build network and rule for the user's own Brian2 Network; see `spikelearn.models.entropy_rule.brian`.

        Parameters
        ----------
        frames, dt, W
            As in `learn`; a unit of time is 1 s.
        name : str
            Name of the group.

        Returns
        -------
        group : brian2.NeuronGroup
        synapses : brian2.Synapses
            With the weights as w.
        """
        from spikelearn.models.entropy_rule.brian import brian_objects

        return brian_objects(self, frames, dt, W=W, name=name)

    def learn(
        self,
        input: ArrayLike,
        dt: float,
        duration: float,
        *,
        record_every: int | None = None,
        terms: bool = False,
        state: OnlineState | None = None,
        W: ArrayLike | None = None,
        progress: bool = False,
    ) -> OnlineRun:
        """Run network and rule together on an input that repeats, by Runge-Kutta's fourth order.

        Parameters
        ----------
        input : array_like, shape (frames, neurons)
            One period of a smooth input, a frame a step; between frames the trigonometric polynomial through them.
        dt : float
            Step, and time from frame to frame.
        duration : float
            How long; rounded to whole steps.
        record_every : int, optional
            Steps from one record to the next; about a thousand records if not given.
        terms : bool
            Whether to record what each of the three terms has added to the weights.
        state : OnlineState, optional
            Where an earlier run ended, to go on from there; v, filters and weights at zero if not given.
        W : array_like, shape (neurons, neurons), optional
            First weights, where there is no `state`.
        progress : bool
            Whether to show a progress bar in runs of over two seconds.

        Raises
        ------
        ValueError
            Frames that are not one period of a smooth input, steps too long for the filters, weights that diverge.
        """
        return learn_online(
            self, input, dt, duration, record_every=record_every, terms=terms, state=state, W=W, progress=progress
        )

    def stationary(self, frames: ArrayLike, dt: float, *, refine: int = 2) -> Floats:
        """Give the weights at which the averaged rule rests; see `stationary`."""
        return stationary(frames, dt, self.l, self.network_decay, self.gamma, self.activation, refine=refine)

    def averaged_terms(self, W: ArrayLike, frames: ArrayLike, dt: float, *, refine: int = 2) -> dict[str, Floats]:
        """Give STDP, Hebbian and scaling term averaged over a period; see `averaged_terms`."""
        settings = self.l, self.network_decay, self.gamma, self.activation
        return averaged_terms(W, frames, dt, *settings, refine=refine)

    def periodic(self, frames: ArrayLike, dt: float, *, refine: int = 4) -> PeriodicSolution:
        """Give the periodic solution to which the online rule tends; see `periodic_solution`."""
        settings = self.l, self.network_decay, self.gamma, self.epsilon, self.activation
        return periodic_solution(frames, dt, *settings, refine=refine)

    def replay(self, W: Any, start: ArrayLike, n_steps: int, dt: float, *, method: str = "euler") -> Floats:
        """Run the network with weights W and decay l, without input; see `replay`."""
        return replay(W, start, n_steps, dt, self.l, self.activation, method=method)
