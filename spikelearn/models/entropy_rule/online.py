"""Running the online rule on a periodic input: weights, their three parts, and a state to go on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.activation import Activation, get_activation
from spikelearn.models.entropy_rule.filters import resample
from spikelearn.models.entropy_rule.frames import check_matrix, check_periodic, check_step, read_frames
from spikelearn.parameters.numbers import check_flag, whole_number
from spikelearn.progress import progress_bar

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.models.entropy_rule.model import EntropyRule

__all__ = ["OnlineRun", "OnlineState", "check_stiffness", "learn_online", "start_of", "traces_of"]

# Runge-Kutta's fourth order follows a decay at rate c for steps below 2.785/c; below this it is accurate besides.
_LONGEST = 2.0
_CHUNK = 200_000
# Weights or states beyond this are no longer those of the equations.
_BOUND = 1e12


@dataclass(frozen=True, eq=False)
class OnlineState:
    """Everything a run goes on from: v, the filters z, p, q, the weights, the next step within the input.

    Parameters
    ----------
    v, z, p, q : ndarray, shape (n,)
        Network; W S(v) filtered by l_net; v-bar and S(v-bar) filtered by gamma.
    W : ndarray, shape (n, n)
        Weights from j to i.
    step : int
        Steps made so far.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> t, dt = 2 * np.pi * np.arange(64) / 64, 2 * np.pi / 64
    >>> circle = 0.1 * np.stack([np.cos(t), np.sin(t)], axis=1)
    >>> rule = sl.EntropyRule(l=1.0, gamma=10.0, l_net=10.0, epsilon=20.0)
    >>> half = rule.learn(circle, dt, 2 * np.pi)
    >>> whole = rule.learn(circle, dt, 4 * np.pi)
    >>> np.array_equal(rule.learn(circle, dt, 2 * np.pi, state=half.state).W, whole.W)  # to the bit
    True
    """

    v: Floats
    z: Floats
    p: Floats
    q: Floats
    W: Floats
    step: int = 0


@dataclass(frozen=True, eq=False)
class OnlineRun:
    """What `EntropyRule.learn` gives.

    Parameters
    ----------
    traces : xarray.Dataset
        W (time, post, pre), v and v_bar (time, neuron); where terms were asked for also stdp, hebbian and scaling
        (time, post, pre), what each term has added to the weights since the run began.
    state : OnlineState
        Where the run ended.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> t = 2 * np.pi * np.arange(64) / 64
    >>> circle = 0.1 * np.stack([np.cos(t), np.sin(t)], axis=1)
    >>> run = sl.EntropyRule(l=1.0, gamma=10.0, l_net=10.0, epsilon=20.0).learn(circle, 2 * np.pi / 64, 4 * np.pi)
    >>> run.W.shape, run.state.step, run.traces["W"].dims
    ((2, 2), 128, ('time', 'post', 'pre'))
    """

    traces: xr.Dataset
    state: OnlineState

    @property
    def W(self) -> Floats:
        """Weights at the end, shape (n, n)."""
        return self.state.W


def learn_online(
    rule: EntropyRule,
    frames: ArrayLike,
    dt: float,
    duration: float,
    *,
    record_every: int | None = None,
    terms: bool = False,
    state: OnlineState | None = None,
    W: ArrayLike | None = None,
    progress: bool = False,
) -> OnlineRun:
    """Run network and rule together on a periodic input, in steps of dt; see `EntropyRule.learn`."""
    where = "EntropyRule.learn"
    given, step = read_frames(frames, where, at_least=4), check_step(dt, where)
    check_periodic(given, where)
    check_flag(f"{where}: terms", terms)
    n, n_steps = given.shape[1], round(check_step(duration, f"{where}: duration") / step)
    if n_steps < 1:
        raise ValueError(f"{where}: duration must be at least one step of {step:g}, got {duration:g}")
    check_stiffness(rule, step, where)
    stride = max(1, n_steps // 1000) if record_every is None else record_every
    stride = whole_number(f"{where}: record_every", stride, at_least=1)
    began = start_of(n, state, W, where)
    y = np.concatenate([began.v, began.z, began.p, began.q, began.W.ravel(), np.zeros(2 * n * n if terms else 0)])
    u = resample(given, 2)
    kept = _advance(rule, y, u, began.step, n_steps, stride, step, terms, where, progress)
    time = np.asarray((began.step + stride * np.arange(1, len(kept) + 1)) * step, dtype=np.float64)
    made = traces_of(rule, kept, time, began.W, n, terms)
    v, z, p, q = (y[k * n : (k + 1) * n].copy() for k in range(4))
    end = y[4 * n : 4 * n + n * n].reshape(n, n).copy()
    return OnlineRun(made, OnlineState(v, z, p, q, end, began.step + n_steps))


def check_stiffness(rule: EntropyRule, dt: float, where: str) -> None:
    """Refuse steps that are too long for the filters."""
    fastest = max(rule.gamma, rule.network_decay)
    if fastest * dt > _LONGEST:
        raise ValueError(f"{where}: dt must be below {_LONGEST / fastest:.4g} for gamma and l_net, got {dt:g}")


def start_of(n: int, state: OnlineState | None, W: ArrayLike | None, where: str) -> OnlineState:
    """Give the state that a run of n neurons begins with: the one given, or zeros and the weights given."""
    if state is None:
        weights = np.zeros((n, n)) if W is None else np.array(check_matrix(W, n, where))
        zero = np.zeros(n)
        return OnlineState(zero, zero, zero, zero, weights)
    if W is not None:
        raise ValueError(f"{where}: W must be left out where a state is given, which has its own")
    if len(state.v) != n:
        raise ValueError(f"{where}: state must be that of {n} neurons, got {len(state.v)}")
    return state


def _advance(
    rule: EntropyRule, y: Floats, u: Floats, first: int, n_steps: int, stride: int, dt: float, terms: bool, where: str,
    progress: bool,
) -> Floats:  # fmt: skip
    """Step in stretches, so that a bar can move and an interrupt is heard between them."""
    activation = get_activation(rule.activation)
    rates = np.array([rule.network_decay, rule.l, rule.gamma, rule.epsilon])
    kept = np.empty((n_steps // stride, len(y)))
    chunk = max(1, _CHUNK // stride) * stride
    with progress_bar(shown=progress, total=n_steps, desc="array", unit="step") as bar:
        for done in range(0, n_steps, chunk):
            count = min(chunk, n_steps - done)
            rows = kept[done // stride : done // stride + count // stride]
            if activation.code >= 0:
                from spikelearn.models.entropy_rule.kernel import advance

                broken = advance(y, u, first + done, count, stride, dt, rates, activation.code, terms, rows)
            else:
                broken = _advance_formula(y, u, first + done, count, stride, dt, rates, activation, terms, rows)
            if broken >= 0 or not np.abs(y).max() < _BOUND:
                last = first + done + (broken if broken >= 0 else count)
                raise ValueError(
                    f"{where}: network or weights leave all bounds before step {last}, time {last * dt:.4g}; epsilon = "
                    f"{rule.epsilon:g} or dt = {dt:g} may be too large for this input"
                )
            bar.update(count)
    return kept


def _advance_formula(
    y: Floats, u: Floats, first: int, n_steps: int, stride: int, h: float, rates: Floats, activation: Activation,
    terms: bool, kept: Floats,
) -> int:  # fmt: skip
    """Do what the compiled `advance` does, for a formula of the user's own, in NumPy."""
    l_net, decay, gamma, epsilon = rates
    n, S = u.shape[1], activation.value

    def slopes(state: Floats, drive_in: Floats) -> Floats:
        v, z, p, q = state[: 4 * n].reshape(4, n)
        W = state[4 * n : 4 * n + n * n].reshape(n, n)
        bar = l_net * v - z
        seen, drive = S(bar), W @ S(v)
        stdp = 0.5 * gamma * (np.outer(bar, q) - np.outer(p, seen))
        hebb = decay * np.outer(bar, seen)
        moved = epsilon * (stdp + hebb - np.outer(W @ seen, seen))
        parts = [
            drive + drive_in - l_net * v,
            l_net * (drive - z),
            gamma * (bar - p),
            gamma * (seen - q),
            moved.ravel(),
        ]
        if terms:
            parts += [epsilon * stdp.ravel(), epsilon * hebb.ravel()]
        return np.concatenate(parts)

    period = len(u)
    for k in range(n_steps):
        if not np.abs(y).max() < _BOUND:
            return k
        place = 2 * ((first + k) % (period // 2))
        begin, middle, end = u[place], u[place + 1], u[(place + 2) % period]
        a = slopes(y, begin)
        b = slopes(y + 0.5 * h * a, middle)
        c = slopes(y + 0.5 * h * b, middle)
        y += h / 6.0 * (a + 2.0 * b + 2.0 * c + slopes(y + h * c, end))
        if (k + 1) % stride == 0:
            kept[(k + 1) // stride - 1] = y
    return -1


def traces_of(rule: EntropyRule, kept: Floats, time: Floats, W: Floats, n: int, terms: bool) -> xr.Dataset:
    """Turn flat states, one a row, into the traces of an `OnlineRun`; W are the weights that the run began with."""
    import xarray as xr

    rows, size = len(kept), n * n
    v, z = kept[:, :n], kept[:, n : 2 * n]
    weights = kept[:, 4 * n : 4 * n + size].reshape(rows, n, n)
    matrix = ("time", "post", "pre")
    found = {
        "W": (matrix, weights, {"units": "1"}),
        "v": (("time", "neuron"), v, {"units": "1"}),
        "v_bar": (("time", "neuron"), rule.network_decay * v - z, {"units": "1"}),
    }
    if terms:
        stdp = kept[:, 4 * n + size : 4 * n + 2 * size].reshape(rows, n, n)
        hebbian = kept[:, 4 * n + 2 * size :].reshape(rows, n, n)
        found["stdp"] = (matrix, stdp, {"units": "1"})
        found["hebbian"] = (matrix, hebbian, {"units": "1"})
        found["scaling"] = (matrix, weights - W - stdp - hebbian, {"units": "1"})
    return xr.Dataset(found, coords={"time": ("time", time, {"units": "s"})})
