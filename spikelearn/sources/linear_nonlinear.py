"""LN cells: one or two cells that filter a stimulus and fire at a nonlinear function of what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters.fields import quantity, validate_parameters
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.parameters.shapes import fields_html
from spikelearn.simulation.simulable import Runner
from spikelearn.sources import ln_checks as checks
from spikelearn.sources.ln_sampling import draw
from spikelearn.sources.response import Response, projection_function
from spikelearn.sources.triggering import AverageBias, bias_of, expectation_of

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.sources.stimuli import Stimulus
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["LinearNonlinear"]

_WHERE = "LinearNonlinear"


@dataclass(frozen=True, eq=False)
class LinearNonlinear:
    """Cells that fire at a nonlinear function of a filtered stimulus, and what triggering on their spikes must find.

    In every frame of length dt a cell has ``u_i = k_i . x``, x being the window of frames that ends with this one, and
    fires a Poisson number of spikes of mean ``F(u) dt``. A shared gate, ``1 + s d(u)`` with a hidden sign s drawn for
    each frame, multiplies the rates of both cells: it leaves their means and adds the covariance
    ``F_1 F_2 d^2 dt^2`` of the two counts.

    Parameters
    ----------
    filters : array_like
        ``(filters, lags, dimensions)``, the last lag being the frame of the spike; ``(filters, lags)`` or ``(lags,)``
        where a frame is one number; ``(filters, dimensions)`` or ``(dimensions,)`` where it is several, and cells see
        one frame.
    nonlinearity : str, or one for each cell
        "exponential", "rectified", "quadratic", "threshold-linear", or a formula of u1, u2, ... that is multiplied by
        `rate`; see `spikelearn.sources.response.Response`.
    rate : Quantity, or one for each cell
        Scale of the rate, in Hz.
    gain : float or array_like, shape (filters,) or (cells, filters)
        Slope along each filter; formulas have their own.
    threshold : float, or one for each cell
        Of "threshold-linear".
    cells : int
        1 or 2.
    gate : float or str
        Depth d of the shared gate, 0 to 1, or a formula of u1, u2, ... with values from -1 to 1; 0 for none.
    stimulus : str or array_like, shape (frames,) or (frames, dimensions)
        "gaussian", "elliptical" (Gaussian of random contrast), "binary" (-1 and 1), or frames that every trial repeats.
    covariance : array_like, shape (dimensions, dimensions), optional
        Of one Gaussian or elliptical frame; the identity if not given. Frames are independent.
    contrasts : array_like
        Equally probable contrasts of the elliptical stimulus, scaled to mean square 1. A frame has its own where cells
        see one frame, otherwise a trial has one: only then is the whole window elliptical.
    dt : Quantity
        Length of a frame.

    Raises
    ------
    ValueError
        A shape, unit, name or range does not fit; filters are longer than the given stimulus.

    References
    ----------
    002 Q3.4 to Q3.6.

    Examples
    --------
    >>> cells = LinearNonlinear([[0.0, 1.0], [1.0, 0.0]], gain=[[0.5, 0.0], [0.0, 0.8]])
    >>> cells.expected_average("joint").values.round(6)
    array([0.8, 0.5])
    >>> round(cells.expected_bias("joint").angle_to_first, 3)
    57.995
    """

    filters: Any = ((0.0, 1.0),)
    nonlinearity: Any = "exponential"
    rate: Any = "20 Hz"
    gain: Any = 1.0
    threshold: Any = 0.0
    cells: int = 2
    gate: Any = 0.0
    stimulus: Any = "gaussian"
    covariance: Any = None
    contrasts: Any = (0.5, 1.5)
    dt: Any = quantity("10 ms", positive=True, doc="length of a frame")

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        validate_parameters(self)
        if whole_number(f"{_WHERE}.cells", self.cells, at_least=1) > 2:
            raise ValueError(f"{_WHERE}.cells must be 1 or 2, got {self.cells}")
        law, filters = checks.read_stimulus(self.stimulus, self.filters, self.covariance, self.contrasts, _WHERE)
        object.__setattr__(self, "filters", filters)
        object.__setattr__(self, "_law", law)
        kinds = checks.each_cell(self.nonlinearity, self.cells, f"{_WHERE}.nonlinearity")
        rates = checks.read_rates(self.rate, self.cells, f"{_WHERE}.rate")
        gains = checks.read_gains(self.gain, self.cells, len(filters), f"{_WHERE}.gain")
        thresholds = [
            checks.finite_number(one, f"{_WHERE}.threshold")
            for one in checks.each_cell(self.threshold, self.cells, f"{_WHERE}.threshold")
        ]
        responses = [
            Response(checks.text(kind, f"{_WHERE}.nonlinearity"), rate, gain, threshold, _WHERE)
            for kind, rate, gain, threshold in zip(kinds, rates, gains, thresholds, strict=True)
        ]
        object.__setattr__(self, "_responses", tuple(responses))
        if isinstance(self.gate, str):
            projection_function(self.gate, len(filters), f"{_WHERE}.gate")
        elif not 0 <= checks.finite_number(self.gate, f"{_WHERE}.gate") <= 1:
            raise ValueError(f"{_WHERE}.gate must lie between 0 and 1, got {self.gate}")

    @property
    def law(self) -> Stimulus:
        """The law of the stimulus: draws frames, and integrates over them."""
        law: Stimulus = self._law  # type: ignore[attr-defined]
        return law

    @property
    def n_units(self) -> int:
        """Number of cells."""
        return int(self.cells)

    @property
    def n_lags(self) -> int:
        """Frames that a cell sees."""
        return int(self.filters.shape[1])

    @property
    def frame(self) -> float:
        """Length of a frame in seconds."""
        return float(self.dt)

    def mean_counts(self, projections: Floats) -> Floats:
        """Give the expected spikes of each cell in a frame, shape (n, cells), at projections of shape (n, filters)."""
        responses: tuple[Response, ...] = self._responses  # type: ignore[attr-defined]
        with np.errstate(over="ignore", invalid="ignore"):
            counts: Floats = np.column_stack([one(projections) for one in responses]) * self.frame
        return counts

    def gate_depth(self, projections: Floats) -> Floats:
        """Give the depth of the shared gate, shape (n,), at projections of shape (n, filters).

        Raises
        ------
        ValueError
            A formula leaves the range from -1 to 1.
        """
        if not isinstance(self.gate, str):
            return np.full(len(projections), float(self.gate))
        depth: Floats = self._gate(projections)
        if not (np.abs(depth) <= 1).all():
            worst = depth[int(np.argmax(~(np.abs(depth) <= 1)))]
            raise ValueError(f"{_WHERE}.gate must give depths from -1 to 1, got {worst:.6g}")
        return depth

    def sample(self, n_trials: int = 1, duration: Any = "1 s", seed: int | None = None) -> tuple[SpikeTrains, Floats]:
        """Draw stimuli and spikes.

        Frames before the first one are drawn too, so that cells answer from the start; under a given stimulus they are
        silent until their filters are covered.

        Parameters
        ----------
        n_trials : int
            Trials.
        duration : float or Quantity
            Length of a trial in seconds: a whole number of frames, not more than a given stimulus has.
        seed : int, optional
            For `numpy.random.default_rng`.

        Returns
        -------
        SpikeTrains
            Trials x cells; spikes lie anywhere in their frame.
        ndarray, shape (trials, frames, dimensions), or (frames, dimensions) where all trials repeat it
            The stimulus, as `spike_triggered_average` takes it.

        Raises
        ------
        ValueError
            A rate overflows, or is not one; the duration is no whole number of frames.
        """
        trials = whole_number(f"{_WHERE}.sample: n_trials", n_trials, at_least=1)
        return draw(self, trials, duration, generator(seed))

    def expected_rate(self) -> Floats:
        """Give the mean rate of each cell in Hz, shape (cells,)."""
        totals = [expectation_of(self, "single", unit, 0, None).moments.total for unit in range(self.n_units)]
        return np.array(totals) / self.frame

    def expected_weight(self, weights: str = "joint", *, unit: int = 0, max_lag: int = 0) -> float:
        """Give the mean weight of a frame: spikes, or pairs; `weights` as in `expected_average`."""
        return expectation_of(self, weights, unit, max_lag, None).moments.total

    def expected_average(
        self,
        weights: str = "single",
        *,
        unit: int = 0,
        max_lag: int = 0,
        window: int | None = None,
        whiten: bool = False,
    ) -> xr.DataArray:
        """Give the expected spike-triggered average, ``E[w x]/E[w]``.

        Parameters
        ----------
        weights : {"single", "summed", "joint"}
            Spikes of one cell, of both, or pairs by their later spike, as `joint_weights` counts them.
        unit : int
            The cell of "single".
        max_lag : int
            Largest distance of the two spikes of a pair, in frames.
        window : int, optional
            Frames of the stimulus vector; filter and lag together if not given.
        whiten : bool
            Whether to give ``S^-1 (average - mean)``.

        Returns
        -------
        xarray.DataArray, dims (lag,), (dimension,) or (lag, dimension)

        Raises
        ------
        ValueError
            The moments do not exist or cannot be integrated; see `spikelearn.sources.cubature`.
        """
        return expectation_of(self, weights, unit, max_lag, window).labelled_average(whiten)

    def expected_covariance(
        self, weights: str = "single", *, unit: int = 0, max_lag: int = 0, window: int | None = None
    ) -> xr.Dataset:
        """Give expected eigenvalues and axes of the spike-triggered covariance; arguments of `expected_average`.

        Returns
        -------
        xarray.Dataset
            ``eigenvalues``, ``axes``, ``features``, ``average``, ``covariance``, ``prior_covariance``, as
            `spikelearn.analyses.spike_triggered_covariance` names them. Eigenvalues of a finite sample spread further.
        """
        return expectation_of(self, weights, unit, max_lag, window).labelled_covariance()

    def expected_bias(self, weights: str = "single", *, unit: int = 0, max_lag: int = 0) -> AverageBias:
        """Say whether the whitened average points along the filter, how far off it lies, and why."""
        return bias_of(self, expectation_of(self, weights, unit, max_lag, None), max_lag)

    @property
    def parameters(self) -> dict[str, Any]:
        """Value of every parameter by name."""
        from spikelearn.parameters.fields import field_values

        return field_values(self)

    @property
    def equations(self) -> str:
        """No equations: cells are sampled frame by frame."""
        return ""

    @property
    def recordable(self) -> dict[str, str]:
        """Variables that can be recorded: the stimulus."""
        return {"stimulus": "1"}

    @property
    def settable(self) -> dict[str, str]:
        """Variables that `Initial` can set: none."""
        return {}

    @property
    def default_dt(self) -> float:
        """Length of a frame in seconds."""
        return self.frame

    @property
    def run_options(self) -> dict[str, str]:
        """Arguments of `simulate` that apply to it beyond the common ones."""
        return {"n_trials": "number of trials, 1 if left out"}

    @property
    def engines(self) -> dict[str, Runner]:
        """Engines that can run it: NumPy, frame by frame."""
        from spikelearn.sources.engines import run_frames

        return {"array": run_frames}

    def check_initial(self, states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse any state: the stimulus has run for ever."""
        if states:
            raise ValueError(f"{_WHERE} starts in one way only, got the states {sorted(states)}")

    @cached_property
    def _gate(self) -> Any:
        return projection_function(self.gate, len(self.filters), f"{_WHERE}.gate")
