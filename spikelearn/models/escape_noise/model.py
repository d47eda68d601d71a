"""The escape-noise neuron: parameters, Brian2 equation strings, likelihood and gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats
from spikelearn.models.escape_noise.binning import bin_width, checked_spikes, checked_weights
from spikelearn.models.escape_noise.links import get_link
from spikelearn.parameters.fields import field_values, quantity, validate_parameters
from spikelearn.parameters.shapes import fields_html
from spikelearn.simulation.simulable import Runner

__all__ = ["EscapeNoise"]


@dataclass(frozen=True)
class EscapeNoise:
    """A neuron that fires at random with an intensity set by its potential.

    The potential is u_i = sum_j w_ij phi_j - eta_0 a_i, with phi_j the spikes of unit j filtered by exp(-t/tau) and a_i
    the neuron's own spikes filtered by exp(-t/tau_adapt). The intensity is rho = rho_0 exp((u - v)/Delta_u), or another
    link. In bins of width dt, r = rho dt and a bin holds a spike with the probability 1 - exp(-r). Everything is
    strictly causal: a spike in bin k acts from bin k + 1 on.

    Parameters
    ----------
    tau : Quantity
        Time constant of the synaptic traces.
    tau_adapt : Quantity
        Time constant of adaptation.
    eta_0 : float
        Strength of adaptation to a neuron's own spikes; u, v and Delta_u carry no unit, as in the source.
    rho_0 : Quantity
        Intensity at u = v (exponential link).
    v : float
        Threshold.
    Delta_u : float
        Softness of the threshold; a deterministic neuron as it tends to zero.
    link : {"exponential", "sigmoid", "softplus"}
        How the intensity grows with the potential.

    Raises
    ------
    ValueError
        A parameter has the wrong unit or lies outside its range.
    TypeError
        A parameter is an array: neurons with parameters of their own are fitted (`GLMFit`), not built.

    References
    ----------
    Document 001, first equation (membrane potential) and the intensity in its Eq. (1). The print drives adaptation by
    X_j where it must be X_i (erratum R4), sums up to the present bin (R5) and has a second link exp(u) (R3).

    Examples
    --------
    >>> from brian2 import Hz, ms
    >>> cell = EscapeNoise(tau=10 * ms, eta_0=0.5, rho_0=20 * Hz)
    >>> spikes = [[1, 0], [0, 1], [0, 0]]
    >>> weights = [[0.0, 0.0], [1.0, 0.0]]
    >>> round(cell.log_likelihood(spikes, weights, dt=1 * ms), 4)
    -7.0287
    >>> cell.gradient(spikes, weights, dt=1 * ms).round(4)
    array([[-0.0224, -0.012 ],
           [ 0.859 , -0.0261]])
    """

    tau: Any = quantity("10 ms", positive=True, doc="time constant of the synaptic traces")
    tau_adapt: Any = quantity("10 ms", positive=True, doc="time constant of adaptation")
    eta_0: float = quantity(0.1, doc="strength of adaptation to own spikes")
    rho_0: Any = quantity("100 Hz", positive=True, doc="intensity at threshold")
    v: float = quantity(0.0, doc="threshold")
    Delta_u: float = quantity(1.0, positive=True, doc="softness of the threshold")
    link: str = "exponential"

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        for name in self._numbers():
            shape = np.shape(getattr(self, name))
            if shape:
                raise TypeError(f"EscapeNoise.{name} must be one value, the same for all neurons, got shape {shape}")
        validate_parameters(self)
        get_link(self.link)

    def __hash__(self) -> int:
        return hash((*self.namespace_values(), self.link))

    @classmethod
    def _numbers(cls) -> tuple[str, ...]:
        """Name the parameters that are quantities or numbers, in the order of the fields."""
        return tuple(field.name for field in fields(cls) if "quantity" in field.metadata)

    def namespace_values(self) -> tuple[float, ...]:
        """Give tau, tau_adapt (s), eta_0, rho_0 (Hz), v and Delta_u as plain numbers."""
        return tuple(float(getattr(self, name)) for name in self._numbers())

    @property
    def equations(self) -> str:
        """Brian2 equations of one neuron: drive h, adaptation a, own trace phi, potential u and intensity rho."""
        return (
            "dh/dt = -h/tau : 1\n"
            "da/dt = -a/tau_adapt : 1\n"
            "dphi/dt = -phi/tau : 1\n"
            "u = h - eta_0*a : 1\n"
            f"rho = {get_link(self.link).brian} : Hz"
        )

    @property
    def threshold(self) -> str:
        """The escape noise as a Brian2 threshold: a spike with probability 1 - exp(-rho dt) in each step."""
        return "rand() < 1 - exp(-rho*dt)"

    @property
    def reset(self) -> str:
        """What a spike does to its own neuron; it acts from the next step on."""
        return "a += 1; phi += 1"

    @property
    def namespace(self) -> dict[str, Any]:
        """The parameters by the names that the equations use."""
        return {name: getattr(self, name) for name in self._numbers()}

    @property
    def parameters(self) -> dict[str, Any]:
        """Value of every parameter by name."""
        return field_values(self)

    @property
    def recordable(self) -> dict[str, str]:
        """Variables that can be recorded, with their SI units: what decides on the spikes of each bin."""
        return {"u": "1", "rho": "Hz"}

    @property
    def settable(self) -> dict[str, str]:
        """Variables that `Initial` can set: none, since a run starts at rest."""
        return {}

    @property
    def default_dt(self) -> float:
        """Width of the bins of a run that does not say one: 1 ms."""
        return 1e-3

    @property
    def run_options(self) -> dict[str, str]:
        """Arguments of `simulate` that apply to it beyond the common ones."""
        return {"W": "weights W[i, j] from unit j to unit i; one unit without connections if left out",
                "n_trials": "number of trials"}  # fmt: skip

    @property
    def engines(self) -> dict[str, Runner]:
        """Engines that can run it, the best first."""
        from spikelearn.models.escape_noise.engines import run_on_array, run_on_brian

        return {"array": run_on_array, "brian2": run_on_brian}

    def check_initial(self, states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse any state: a run starts at rest."""
        if states:
            raise ValueError(f"EscapeNoise starts at rest, got the states {sorted(states)}")

    def brian_objects(self, W: ArrayLike, dt: Any, *, given: Any = None, name: str = "escape*") -> tuple[Any, Any]:
        """Build the network as a NeuronGroup and Synapses for the user's own Brian2 Network.

        Within a step Brian2 decays the state, then tests the threshold, then delivers spikes (h), then resets (a, phi):
        a spike in step k is therefore first felt, decayed once, in step k + 1, as in the array engine.

        Parameters
        ----------
        W : array_like, shape (units, units)
            Weights W[i, j] from unit j to unit i; zeros get no synapse.
        dt : float or Quantity
            The step, in seconds.
        given : array_like, shape (bins, units), optional
            Spikes to force instead of drawing them; silence after the last bin.
        name : str
            Name of the group.

        Returns
        -------
        group : brian2.NeuronGroup
        synapses : brian2.Synapses

        Raises
        ------
        ValueError
            Weights or given spikes do not fit, or there is more than one trial of them.
        """
        from brian2 import NeuronGroup, Synapses, TimedArray, second

        step = bin_width(dt)
        size = len(np.asarray(W))
        weights = checked_weights(W, "EscapeNoise.brian_objects: W", (size, size))
        space, threshold = self.namespace, self.threshold
        if given is not None:
            trials = checked_spikes(given, "EscapeNoise.brian_objects: given", size)
            if len(trials) != 1:
                raise ValueError(f"EscapeNoise.brian_objects: given must be one trial, got {len(trials)}")
            forced = trials[0].astype(np.float64)
            # One more row of silence, because a TimedArray holds its last value for ever.
            space["given"] = TimedArray(np.vstack([forced, np.zeros((1, size))]), dt=step * second)
            threshold = "given(t, i) > 0.5"
        group = NeuronGroup(
            size,
            self.equations,
            threshold=threshold,
            reset=self.reset,
            method="exact",
            dt=step * second,
            namespace=space,
            name=name,
        )
        synapses = Synapses(group, group, "w : 1", on_pre="h_post += w", dt=step * second)
        target, origin = np.nonzero(weights)
        if not len(origin):
            synapses.connect("False")
        else:
            synapses.connect(i=origin, j=target)
            synapses.w = weights[target, origin]
        return group, synapses

    def log_likelihood(
        self, X: ArrayLike, W: ArrayLike, dt: Any, likelihood: str = "bernoulli", *, per_trial: bool = False
    ) -> Any:
        """Give the log-probability of recorded spikes under the network with weights W.

        Parameters
        ----------
        X : array_like, shape (trials, bins, units) or (bins, units)
            0 or 1; with the Poisson likelihood also counts up to 255. Every trial starts with traces at zero.
        W : array_like, shape (units, units)
            Weights W[i, j] from unit j to unit i.
        dt : float or Quantity
            Bin width, in seconds.
        likelihood : {"bernoulli", "poisson", "linear"}
            Probability of a bin, with r = rho dt: exact Bernoulli, p = 1 - exp(-r); Poisson counts, without the
            constant log X!; linear Bernoulli, p = r, which needs r < 1.
        per_trial : bool
            Whether to give one number a trial instead of their sum.

        Returns
        -------
        float or ndarray of shape (trials,)

        Raises
        ------
        ValueError
            Shapes do not fit, a bin is not 0 or 1, a weight is not finite, or r reaches one with the linear likelihood.

        References
        ----------
        Document 001, the integrand of Eq. (1) before the gradient is taken.
        """
        from spikelearn.models.escape_noise.likelihood import evaluate

        spikes, weights, width = self._checked(X, W, dt, likelihood)
        found = evaluate(self, spikes, weights, width, likelihood=likelihood).log_likelihood
        return found.sum(axis=1) if per_trial else float(found.sum())

    def gradient(self, X: ArrayLike, W: ArrayLike, dt: Any, likelihood: str = "bernoulli") -> Floats:
        """Give the gradient of `log_likelihood` in the weights, summed over trials: shape (units, units).

        The gradient in W[i, j] is sum_k s_i[k] phi_j[k] with one trace phi_j. The score s is g'/g times (r/p)(X - p)
        for the exact Bernoulli likelihood, X - r for Poisson, (X - r)/(1 - r) for linear; g'/g = 1/Delta_u for the
        exponential link.

        Parameters
        ----------
        X, W, dt, likelihood
            As in `log_likelihood`.

        References
        ----------
        Document 001 Eqs. (1) and (2). The print has phi_j squared (erratum R1), lacks 1/Delta_u (R2) and subtracts rho
        where rho dt is meant (R6); it gives the change of the weight, not the weight (R7).
        """
        from spikelearn.models.escape_noise.likelihood import evaluate, weighted_gradient

        spikes, weights, width = self._checked(X, W, dt, likelihood)
        score = evaluate(self, spikes, weights, width, likelihood=likelihood, score=True).score
        return weighted_gradient(self, spikes, score, np.ones(spikes.shape[:2]), width)

    def potentials(self, X: ArrayLike, W: ArrayLike, dt: Any) -> Floats:
        """Give u of every unit in every bin given the spikes before it, shape (trials, bins, units)."""
        from spikelearn.models.escape_noise.likelihood import traces

        spikes, weights, width = self._checked(X, W, dt, "poisson")
        phi = traces(spikes, float(np.exp(-width / float(self.tau))))
        a = traces(spikes, float(np.exp(-width / float(self.tau_adapt))))
        return np.asarray(phi @ weights.T - self.eta_0 * a)

    def intensities(self, X: ArrayLike, W: ArrayLike, dt: Any) -> Floats:
        """Give r = rho dt of every unit in every bin given the spikes before it, shape (trials, bins, units)."""
        z = (self.potentials(X, W, dt) - self.v) / self.Delta_u
        return np.asarray(float(self.rho_0) * bin_width(dt) * get_link(self.link).shape(z))

    def _checked(self, X: ArrayLike, W: ArrayLike, dt: Any, likelihood: str) -> tuple[NDArray[np.uint8], Floats, float]:
        spikes = checked_spikes(X, "EscapeNoise: X", counts=likelihood == "poisson")
        n_units = spikes.shape[2]
        return spikes, checked_weights(W, "EscapeNoise: W", (n_units, n_units)), bin_width(dt)
