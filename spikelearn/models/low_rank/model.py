"""The low-rank network: its parameters, the mean field of its overlaps, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.low_rank.admissible import check_admissible, matrix
from spikelearn.models.low_rank.mixture import (
    mixture_fixed_points,
    mixture_flow,
    mixture_jacobian,
    read_mixture,
)
from spikelearn.models.low_rank.nonlinearity import Nonlinearity, nonlinearity
from spikelearn.parameters.fields import field_values
from spikelearn.parameters.foreign import bare
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.shapes import fields_html
from spikelearn.simulation.simulable import Runner

if TYPE_CHECKING:
    from spikelearn.models.low_rank.fixed_points import FixedPoint
    from spikelearn.models.low_rank.limit_cycle import LimitCycle
    from spikelearn.models.low_rank.sampling import Vectors

__all__ = ["LowRank"]


@dataclass(frozen=True, eq=False)
class LowRank:
    """A network of n rate units whose connections have rank p, dx/dt = phi(J x) - x.

    J_ij = (1/n) sum_mu eta_mu,i xi_mu,j; the vectors are Gaussian with unit variances and <xi eta^T> = C. The overlaps
    m = (1/n) xi x then obey dm/dt = f(|m|) C m - m with f(a) = <phi'(a z)>, exactly as n tends to infinity.

    Parameters
    ----------
    C : array_like, shape (p, p)
        Covariance C[mu, nu] of xi_mu and eta_nu, with singular values of at most 1; left out for a mixture.
    phi : str
        "tanh", "erf" (which stands for erf(sqrt(pi) x/2), of slope 1 at zero), or a smooth expression in x such as
        "x/sqrt(1 + x**2)", in which erf may be used, too.
    gain : float
        phi acts on gain times the input. With gain 1 and "tanh" nothing but zero exists.
    B : array_like, shape (p, q), optional
        Covariance of xi with the vectors along which the external input u(t) comes; the singular values of [C B] must
        not exceed 1.
    g : float
        Strength of a random part g chi/sqrt(n) of the connections, with chi standard normal.
    mixture : sequence of Population, optional
        Populations with means and covariances of their own, in place of C.

    Raises
    ------
    ValueError
        C, or [C B], has a singular value above 1; a shape, a sign or phi does not fit; or parts that exclude
        each other.

    Notes
    -----
    Time is in units of the time constant of the units, one second in `spikelearn.simulate`.

    References
    ----------
    Document 002 Q2, Eqs. (1) to (10). The print leaves C free (erratum L2), says that zero is always stable (L1), and
    has another Jacobian (L4).

    Examples
    --------
    >>> import spikelearn as sl
    >>> model = sl.LowRank([[0.8, 0.1], [0.1, 0.5]], phi="erf", gain=3.0)
    >>> for point in model.fixed_points():
    ...     print(round(point.amplitude, 4), point.overlaps.round(4), point.stable)
    0.6067 [0.5807 0.1758] True
    0.2641 [-0.0765  0.2527] False
    0.0 [0. 0.] False
    """

    C: Any = None
    phi: str = "tanh"
    gain: float = 2.0
    B: Any = None
    g: float = 0.0
    mixture: Any = None

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        for name in ("gain", "g"):
            object.__setattr__(self, name, _number(f"LowRank.{name}", getattr(self, name)))
        if self.gain <= 0:
            raise ValueError(f"LowRank.gain must be positive, got {self.gain:g}")
        if self.g < 0:
            raise ValueError(f"LowRank.g must not be negative, got {self.g:g}")
        if not isinstance(self.phi, str):
            raise TypeError(f'LowRank.phi must be "tanh", "erf" or an expression in x, got {self.phi!r}')
        phi = nonlinearity(self.phi, self.gain)
        at_zero = float(phi(np.zeros(1))[0])
        if not np.isfinite([at_zero, float(phi(np.zeros(1), 1)[0])]).all():
            raise ValueError(f"LowRank.phi must have a value and a slope at zero, got {self.phi!r}")
        if self.C is None and self.mixture is None:
            raise ValueError("LowRank.C must be given, or a mixture in its place")
        if self.mixture is not None:
            if np.size(self.B if self.B is not None else ()) or self.g:
                raise ValueError("LowRank.mixture cannot be combined with B or g")
            object.__setattr__(self, "mixture", read_mixture(self.mixture))
            mean = sum(part.weight * part.C for part in self.mixture)
            # dataclasses.replace hands the mean over again.
            if self.C is not None and not np.array_equal(self.C, mean):
                raise ValueError("LowRank.C must be left out for a mixture, whose populations have their own")
            object.__setattr__(self, "C", matrix("LowRank.C", mean))
            object.__setattr__(self, "B", matrix_or_empty(None, len(mean)))
            return
        C = matrix("LowRank.C", self.C)
        check_admissible("LowRank.C", C)
        object.__setattr__(self, "C", C)
        object.__setattr__(self, "B", matrix_or_empty(self.B, len(C)))
        if self.B.shape[1]:
            check_admissible("LowRank: [C B]", self.joint)
        if self.g and at_zero:
            raise ValueError(f"LowRank.g must be 0 unless phi(0) = 0, got g = {self.g:g} and phi = {self.phi!r}")

    @property
    def parameters(self) -> dict[str, Any]:
        """Value of every parameter by name."""
        return field_values(self)

    @property
    def equations(self) -> str:
        """Brian2 equations of one unit; h comes from the overlaps, i_k and u_k are vectors and values of the input."""
        from spikelearn.models.low_rank.brian import equations

        return equations(self)

    @property
    def recordable(self) -> dict[str, str]:
        """Variables that can be recorded: overlaps, and the activity of chosen units."""
        return {"m": "1", "x": "1"}

    @property
    def settable(self) -> dict[str, str]:
        """Variables that `Initial` can set: the overlaps (p,), or all activities (n,)."""
        return {"m": "1", "x": "1"}

    @property
    def default_dt(self) -> float:
        """Step of a run that does not say one: a hundredth of the time constant of one second."""
        return 0.01

    @property
    def run_options(self) -> dict[str, str]:
        """Arguments of `simulate` that apply to it beyond the common ones."""
        return {
            "n": "size of the network, 1000 if left out",
            "initial": "Initial(m=...), overlaps, or Initial(x=...); everything zero if left out",
            "threads": "threads of the array engines; results do not depend on it",
            "input": "external input: q numbers, or a function of time in seconds that gives them",
            "whiten": "whether the second moments of the vectors are exact in the sample",
            "units": "numbers of the units whose x is recorded, the first ten if left out",
            "vectors": "a network drawn by LowRank.sample, in place of n, seed and whiten",
        }

    @property
    def engines(self) -> dict[str, Runner]:
        """Engines that can run it, the best first; "closure" integrates the overlaps and the recorded units alone."""
        from spikelearn.models.low_rank.engines import run_on_array, run_on_brian, run_on_closure

        return {"array": run_on_array, "closure": run_on_closure, "brian2": run_on_brian}

    def check_initial(self, states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse a start from overlaps and activities at once, and unknown variables."""
        for name in states:
            if name not in self.settable:
                raise ValueError(unknown_name("Initial", "variable", name, self.settable))
        if len(states) > 1:
            raise ValueError("Initial must set m or x of a LowRank, not both, because x has its own overlaps")

    @property
    def p(self) -> int:
        """Number of overlaps."""
        return len(self.C)

    @property
    def q(self) -> int:
        """Number of external inputs."""
        return int(self.B.shape[1])

    @property
    def joint(self) -> Floats:
        """Covariance [C B] of xi with the other vectors, shape (p, p + q)."""
        return np.hstack([self.C, self.B])

    @property
    def nonlinearity(self) -> Nonlinearity:
        """Phi with its gain, its derivatives and its Gaussian averages."""
        return nonlinearity(self.phi, self.gain)

    def sample(self, n: int, seed: int | None = None, whiten: bool = False) -> Vectors:
        """Draw the vectors of a network of n neurons, see `spikelearn.models.low_rank.sampling.sample`."""
        from spikelearn.models.low_rank.sampling import sample

        return sample(self, n, seed, whiten=whiten)

    def flow(self, m: Any, u: Any = None) -> Floats:
        """Give dm/dt of the infinite network for overlaps of shape (..., p), under a constant input u.

        Raises
        ------
        ValueError
            There is a random part, with which the overlaps alone do not determine what follows.

        References
        ----------
        Document 002 Q2, Eq. (10).
        """
        overlaps = np.asarray(m, dtype=np.float64)
        if self.g:
            raise ValueError(
                f"LowRank.flow must have g = 0: a random part leaves no equation in m alone, got g = {self.g:g}"
            )
        if self.mixture is not None:
            return mixture_flow(self, overlaps)
        forced = overlaps @ self.C.T
        square = (overlaps * overlaps).sum(axis=-1)
        if u is not None:
            drive = self.check_input(u, "LowRank.flow: u", zero=True)
            forced = forced + self.B @ drive
            square = square + drive @ drive
        return np.asarray(self.nonlinearity.slope(np.sqrt(square))[..., None] * forced - overlaps)

    def jacobian(self, m: Any, u: Any = None) -> Floats:
        """Give the Jacobian of `flow` at overlaps of shape (p,), a (p, p) matrix."""
        from spikelearn.models.low_rank.stability import jacobian_at

        overlaps = np.asarray(m, dtype=np.float64)
        if self.mixture is not None:
            return mixture_jacobian(self, overlaps)
        if self.g:
            raise ValueError(f"LowRank.jacobian must have g = 0, as LowRank.flow, got g = {self.g:g}")
        drive = np.zeros(0) if u is None else self.check_input(u, "LowRank.jacobian: u", zero=True)
        spread = float(np.sqrt(overlaps @ overlaps + drive @ drive))
        return jacobian_at(self, overlaps, spread, None if u is None else self.B @ drive)

    def fixed_points(self, u: Any = None, reach: float | None = None) -> tuple[FixedPoint, ...]:
        """Find all fixed points, by falling amplitude; without input one of each pair, and the zero last.

        Parameters
        ----------
        u : array_like, shape (q,), optional
            A constant external input.
        reach : float, optional
            Largest amplitude to look for; needed where phi is unbounded.

        References
        ----------
        Document 002 Q2, Eq. (17); see `spikelearn.models.low_rank.fixed_points`.
        """
        from spikelearn.models.low_rank.driven import driven_fixed_points
        from spikelearn.models.low_rank.fixed_points import fixed_points

        if self.mixture is not None:
            return mixture_fixed_points(self)
        if u is not None and np.any(bare(u, "LowRank.fixed_points: u")):
            if self.g:
                raise ValueError(f"LowRank.fixed_points must have g = 0 under input, got g = {self.g:g}")
            return driven_fixed_points(self, u)
        return fixed_points(self, reach=reach)

    def verdict(self) -> str:
        """Say in one sentence what exists beside zero, and why.

        Examples
        --------
        >>> LowRank([[0.9]], gain=1.0).verdict()
        "nothing but zero exists: phi'(0) lambda = 0.9 must exceed 1 for a real lambda or a pair; raise gain above 1.11"
        """
        from spikelearn.models.low_rank.report import verdict

        return verdict(self)

    def limit_cycle(self, reach: float | None = None) -> LimitCycle | None:
        """Find the limit cycle of the leading complex pair of C, see `spikelearn.models.low_rank.limit_cycle`."""
        from spikelearn.models.low_rank.limit_cycle import limit_cycle

        if self.mixture is not None or self.g:
            raise ValueError("LowRank.limit_cycle must have no mixture and g = 0")
        return limit_cycle(self, reach)

    def fluctuations(self, branch: int = 0, whiten: bool = False) -> Floats:
        """Give n Cov of a finite network's overlaps about a fixed point, see `low_rank.fluctuations`."""
        from spikelearn.models.low_rank.fluctuations import fluctuations

        if self.mixture is not None or self.g:
            raise ValueError("LowRank.fluctuations must have no mixture and g = 0")
        return fluctuations(self, branch, whiten=whiten)

    def folds(self, direction: Any = None) -> Floats:
        """Give the input sizes at which fixed points appear or vanish in pairs, see `low_rank.driven.folds`."""
        from spikelearn.models.low_rank.driven import folds

        if self.g:
            raise ValueError(f"LowRank.folds must have g = 0, got g = {self.g:g}")
        return folds(self, direction)

    def onset_of_chaos(self, branch: int = 0) -> float:
        """Give the strength of the random part at which a branch becomes chaotic, see `low_rank.random_part`."""
        from spikelearn.models.low_rank.random_part import onset_of_chaos

        if self.mixture is not None:
            raise ValueError("LowRank.onset_of_chaos must have no mixture")
        return onset_of_chaos(self, branch)

    def mean_field(self, m: Any, times: Any, u: Any = None) -> Floats:
        """Integrate dm/dt of the infinite network from the overlaps m at time 0, to 1e-10.

        Parameters
        ----------
        m : array_like, shape (p,)
            Overlaps at time 0.
        times : array_like, shape (k,)
            Rising times, not negative, in time constants.
        u : array_like of shape (q,) or callable, optional
            The external input, constant or u(t).

        Returns
        -------
        ndarray, shape (k, p)
        """
        from spikelearn.models.low_rank.theory import mean_field

        return mean_field(self, m, times, u)

    def check_input(self, u: Any, where: str, *, zero: bool = False) -> Floats:
        """Read an external input of q finite numbers, not all zero unless `zero`.

        Raises
        ------
        ValueError
            There is no B, or the shape does not fit.
        """
        if not self.q:
            raise ValueError(f"{where} needs LowRank.B, the covariance of xi with the vectors of the input")
        drive = np.atleast_1d(np.asarray(bare(u, where), dtype=np.float64))
        if drive.shape != (self.q,) or not np.isfinite(drive).all():
            raise ValueError(f"{where} must be {self.q} finite numbers, got {u!r}")
        if not zero and not drive.any():
            raise ValueError(f"{where} must not be zero")
        return drive


def matrix_or_empty(B: Any, p: int) -> Floats:
    """Read B, or give the (p, 0) matrix of no input; a vector is one column."""
    if B is None:
        return np.zeros((p, 0))
    given = np.asarray(bare(B, "LowRank.B"), dtype=np.float64)
    if given.shape == (p, 0):
        return given
    return matrix("LowRank.B", given.reshape(-1, 1) if given.ndim == 1 else given, rows=p)


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or np.ndim(value):
        raise TypeError(f"{where} must be one number, got {value!r}")
    try:
        number = float(bare(value, where))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{where} must be one number, got {value!r}") from error
    if not np.isfinite(number):
        raise ValueError(f"{where} must be finite, got {value}")
    return number
