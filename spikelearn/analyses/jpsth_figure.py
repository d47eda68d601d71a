"""The standard figure of a JPSTH: the matrix, both PSTHs, synchrony along the diagonal, and the covariogram across."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters.names import unknown_name
from spikelearn.plotting.typesetting import typeset

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["jpsth_figure"]


# Inches from the lower left corner of the figure.
_WIDTH, _HEIGHT = 10.4, 8.0
_LEFT, _BOTTOM, _SIDE = 1.95, 1.75, 3.6
_MARGIN = 0.8  # of a PSTH
_GAP = 0.12
_ASIDE = 0.6  # of the coincidence histogram, to the right of the matrix
_BEYOND = 0.42  # of the covariogram, along the diagonal beyond the corner
_REACH = 1.8  # half length of the covariogram's axis
_UP, _DOWN = 0.85, 0.33  # largest height of a slanted histogram to its free and to its narrow side
_SLANT = np.sqrt(0.5)

_LABELS = {
    "normalized": "correlation of counts",
    "corrected": "covariance of counts (spikes$^2$ per bin pair)",
    "raw": "mean product of counts (spikes$^2$ per bin pair)",
    "predictor": "predicted product of counts (spikes$^2$ per bin pair)",
}


def jpsth_figure(
    result: xr.Dataset,
    *,
    matrix: str = "normalized",
    expected: xr.Dataset | None = None,
    significance: xr.Dataset | None = None,
    band: xr.Dataset | None = None,
    title: str = "",
) -> Figure:
    """Draw a JPSTH the way it has been drawn since Aertsen and colleagues.

    The matrix with the first unit's time to the right and the second's upwards; the PSTHs along its sides; to the
    right, parallel to the diagonal and level with it, the coincidence histogram; beyond the corner, across the diagonal
    and to the same scale, the covariogram, towards the upper left where the second unit fires later.

    Parameters
    ----------
    result : xarray.Dataset
        From `jpsth`, or a source's ``expected_jpsth``.
    matrix : {"normalized", "corrected", "raw", "predictor"}
        Which matrix. Undefined entries are grey.
    expected : xarray.Dataset, optional
        A second such dataset with the same bins, drawn as lines over the histograms.
    significance : xarray.Dataset, optional
        From `jpsth_significance`; significant bins are outlined.
    band : xarray.Dataset, optional
        From `covariogram_band`.
    title : str
        Over the figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        There is no such matrix, or the datasets have different bins.

    Examples
    --------
    >>> import spikelearn as sl
    >>> source = sl.sources.CommonDrive(rate="20 Hz", drive_rate="40 Hz", alpha=0.6, tau="10 ms")
    >>> found = sl.analyses.jpsth(source.sample(50, t_stop=0.2, seed=0), bin_size=0.02)
    >>> expected = source.expected_jpsth(0.02, (0.0, 0.2))
    >>> figure = sl.analyses.jpsth_figure(found, expected=expected, title="A common input")
    >>> sl.plotting.close_figure(figure)
    """
    from spikelearn.plotting import COLOURS, new_figure

    if matrix not in _LABELS:
        raise ValueError(unknown_name("jpsth_figure", "matrix", matrix, _LABELS))
    for name, other, axis in (
        ("expected", expected, "time"),
        ("significance", significance, "time_1"),
        ("band", band, "lag"),
    ):
        if other is not None and not (
            other.sizes[axis] == result.sizes[axis] and np.allclose(other[axis], result[axis], atol=1e-9)
        ):
            raise ValueError(f"jpsth_figure: {name} must have the bins of the result")
    figure = new_figure(_WIDTH, _HEIGHT)
    figure.set_layout_engine("none")  # everything has its place in inches
    canvas = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    canvas.set(xlim=(0, _WIDTH), ylim=(0, _HEIGHT))
    canvas.axis("off")
    main = _draw_matrix(figure, result, matrix, significance)
    _draw_psths(figure, result, expected, COLOURS)
    _draw_coincidence(canvas, result, expected, list(main.get_xticks()), COLOURS)
    _draw_covariogram(canvas, result, expected, band, COLOURS)
    _legend(canvas, expected is not None, band is not None, COLOURS)
    if title:
        canvas.text(0.25, _HEIGHT - 0.25, typeset(title), fontsize=12, va="top")
    return figure


def _legend(canvas: Axes, expected: bool, band: bool, colours: dict[str, str]) -> None:
    """Say in the free corner what is drawn over the histograms."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(color=colours["simulation"], label="measured")]
    if expected:
        handles.append(Line2D([], [], color=colours["theory"], linestyle="--", label="expected"))
    if band:
        handles.append(Line2D([], [], color=colours["muted"], linestyle=":", label="band of\nindependence"))
    if len(handles) > 1:
        canvas.legend(handles=handles, loc="lower left", frameon=False, fontsize=8, borderaxespad=0.6)


def _box(left: float, bottom: float, width: float, height: float) -> tuple[float, float, float, float]:
    return left / _WIDTH, bottom / _HEIGHT, width / _WIDTH, height / _HEIGHT


def _span(result: xr.Dataset) -> tuple[float, float]:
    return float(result.attrs["t_start"]), float(result.attrs["t_stop"])


def _name(result: xr.Dataset, which: int) -> str:
    number = result.attrs.get(f"unit_{which}")
    return f"cell {which}" if number is None else f"unit {number}"


def _draw_matrix(figure: Figure, result: xr.Dataset, matrix: str, significance: xr.Dataset | None) -> Axes:
    from matplotlib import colormaps

    values = result[matrix].values
    start, stop = _span(result)
    main = figure.add_axes(_box(_LEFT, _BOTTOM, _SIDE, _SIDE))
    signed = matrix in ("normalized", "corrected")
    colours = colormaps["RdBu_r" if signed else "viridis"].with_extremes(bad="0.8")
    defined = np.abs(values[np.isfinite(values)])
    # One extreme bin is not to wash out the others; the bar's arrows say that some lie beyond.
    limit = float(np.quantile(defined, 0.998)) if defined.size else 1.0
    if signed:
        limit = max(limit, 6 * _noise(values))
    limit = limit or 1.0
    beyond = bool((defined > limit * (1 + 1e-9)).any())
    image = main.imshow(
        values.T,
        origin="lower",
        extent=(start, stop, start, stop),
        cmap=colours,
        vmin=-limit if signed else 0.0,
        vmax=limit,
        interpolation="nearest",
        aspect="auto",
    )
    if significance is not None and bool(significance["significant"].any()):
        fine = np.kron(significance["significant"].values.T.astype(float), np.ones((8, 8)))
        main.contour(fine, levels=[0.5], colors="black", linewidths=0.8, extent=(start, stop, start, stop))
    main.plot([start, stop], [start, stop], color="0.3", linewidth=0.6, linestyle=":")
    main.tick_params(labelbottom=False, labelleft=False)
    bar_axes = figure.add_axes(_box(_LEFT, _BOTTOM + _SIDE + 0.18, 0.6 * _SIDE, 0.12))
    extend = ("both" if signed else "max") if beyond else "neither"
    bar = figure.colorbar(image, cax=bar_axes, orientation="horizontal", extend=extend)
    bar_axes.xaxis.set_ticks_position("top")
    bar_axes.xaxis.set_label_position("top")
    bar_axes.tick_params(labelsize=8)
    bar.locator = _few_ticks()
    bar.set_label(f"{_LABELS[matrix]}, bins of {1e3 * float(result.attrs['bin_size']):g} ms", fontsize=9)
    return main


def _noise(values: Floats) -> float:
    """Give the spread that neighbouring bins do not share, so that it is not stretched to the full range of colours."""
    apart = np.abs(np.diff(values, axis=0))
    apart = apart[np.isfinite(apart)]
    return float(np.median(apart) / 0.6745 / np.sqrt(2)) if apart.size else 0.0


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4, steps=[1, 2, 5, 10])


def _draw_psths(figure: Figure, result: xr.Dataset, expected: xr.Dataset | None, colours: dict[str, str]) -> None:
    start, stop = _span(result)
    width = float(result.attrs["bin_size"])
    edges = start + np.arange(result.sizes["time"] + 1) * width
    below = figure.add_axes(_box(_LEFT, _BOTTOM - _GAP - _MARGIN, _SIDE, _MARGIN))
    beside = figure.add_axes(_box(_LEFT - _GAP - _MARGIN, _BOTTOM, _MARGIN, _SIDE))
    top = max(float(data[f"psth_{k}"].max()) for data in (result, expected) if data is not None for k in (1, 2)) / width
    sides: tuple[tuple[Axes, int, Literal["vertical", "horizontal"]], ...] = (
        (below, 1, "vertical"),
        (beside, 2, "horizontal"),
    )
    for axes, which, orientation in sides:
        rate = result[f"psth_{which}"].values / width
        axes.stairs(rate, edges, orientation=orientation, fill=True, color=colours["simulation"], alpha=0.75)
        if expected is not None:
            wanted = expected[f"psth_{which}"].values / width
            axes.stairs(
                wanted,
                edges,
                orientation=orientation,
                color=colours["theory"],
                linestyle="--",
                linewidth=1.2,
                baseline=None,
            )
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    below.set(xlim=(start, stop), ylim=(0, 1.08 * top), xlabel=f"time of {_name(result, 1)} (s)")
    beside.set(ylim=(start, stop), xlim=(0, 1.08 * top), ylabel=f"time of {_name(result, 2)} (s)")
    below.set_ylabel("rate (Hz)", fontsize=8)
    beside.set_xlabel("rate (Hz)", fontsize=8)
    # Both axes of rates would have their zero at the same corner.
    beside.xaxis.tick_top()
    beside.xaxis.set_label_position("top")


def _scale(values: list[Floats]) -> float:
    """Give inches per unit so that the highest bar and the deepest both find room."""
    joined = np.concatenate([v[np.isfinite(v)] for v in values])
    need = max(float(joined.max(initial=0.0)) / _UP, -float(joined.min(initial=0.0)) / _DOWN)
    return 1 / need if need > 0 else 1.0


def _steps(positions: Floats, heights: Floats) -> tuple[Floats, Floats]:
    """Give the outline of bars between consecutive positions."""
    return np.repeat(positions, 2), np.concatenate([[0.0], np.repeat(np.nan_to_num(heights), 2), [0.0]])


def _draw_slanted(
    canvas: Axes, origin: Floats, along: Floats, up: Floats, positions: Floats, heights: Floats, **style: Any
) -> None:
    """Draw a histogram whose axis runs in direction `along` and whose bars grow in direction `up`, in inches."""
    x, y = _steps(positions, heights)
    points = origin + x[:, None] * along + y[:, None] * up
    if style.pop("fill", False):
        canvas.fill(points[:, 0], points[:, 1], linewidth=0, **style)
    else:
        canvas.plot(points[:, 0], points[:, 1], **style)


def _draw_coincidence(
    canvas: Axes, result: xr.Dataset, expected: xr.Dataset | None, ticks: list[float], colours: dict[str, str]
) -> None:
    start, stop = _span(result)
    along, up = np.array([_SLANT, _SLANT]), np.array([_SLANT, -_SLANT])
    origin = np.array([_LEFT + _SIDE + _ASIDE, _BOTTOM])
    length = _SIDE / _SLANT
    positions = np.linspace(0.0, length, result.sizes["time"] + 1)
    values = result["coincidence"].values
    others = [] if expected is None else [expected["coincidence"].values]
    scale = _scale([values, *others])
    _draw_slanted(canvas, origin, along, up, positions, values * scale, fill=True, color=colours["simulation"])
    for other in others:
        _draw_slanted(
            canvas, origin, along, up, positions, other * scale, color=colours["theory"], linestyle="--", linewidth=1.2
        )
    end = origin + length * along
    canvas.plot(*zip(origin, end, strict=True), color="black", linewidth=0.8)
    for tick in ticks:
        if start - 1e-9 <= tick <= stop + 1e-9:
            foot = origin + (tick - start) / (stop - start) * length * along
            canvas.plot(*zip(foot, foot - 0.06 * up, strict=True), color="black", linewidth=0.8)
    _scale_bar(canvas, end + 0.12 * along, up, scale)
    width = float(result.attrs["half_width"])
    near = "on the diagonal" if width == 0 else f"within {1e3 * width:g} ms of the diagonal"
    place = origin + 0.5 * length * along + (_UP + 0.22) * up
    _write(canvas, place, f"covariance {near}", 45, 9)


def _draw_covariogram(
    canvas: Axes,
    result: xr.Dataset,
    expected: xr.Dataset | None,
    band: xr.Dataset | None,
    colours: dict[str, str],
) -> None:
    start, stop = _span(result)
    along, up = np.array([-_SLANT, _SLANT]), np.array([_SLANT, _SLANT])
    origin = np.array([_LEFT + _SIDE, _BOTTOM + _SIDE]) + _BEYOND * up
    per_second = _SIDE / (stop - start) * _SLANT
    lags, width = result["lag"].values, float(result.attrs["bin_size"])
    shown = np.abs(lags) * per_second <= _REACH
    positions = np.append(lags[shown] - width / 2, lags[shown][-1] + width / 2) * per_second
    values = result["covariogram"].values[shown]
    others = [] if expected is None else [expected["covariogram"].values[shown]]
    limits = [] if band is None else [band[name].values[shown] for name in ("lower", "upper")]
    scale = _scale([values, *others, *limits])
    _draw_slanted(canvas, origin, along, up, positions, values * scale, fill=True, color=colours["simulation"])
    for other in others:
        _draw_slanted(
            canvas, origin, along, up, positions, other * scale, color=colours["theory"], linestyle="--", linewidth=1.2
        )
    for limit in limits:
        points = origin + (lags[shown] * per_second)[:, None] * along + (limit * scale)[:, None] * up
        canvas.plot(points[:, 0], points[:, 1], color=colours["muted"], linewidth=1.0, linestyle=":")
    ends = origin + positions[0] * along, origin + positions[-1] * along
    canvas.plot(*zip(*ends, strict=True), color="black", linewidth=0.8)
    # Below bars that hang down.
    depth = max(0.0, -scale * float(np.nanmin(values)))
    step = _nice(0.45 * _REACH / per_second)
    for tick in (-2 * step, -step, 0.0, step, 2 * step):
        if abs(tick) * per_second <= _REACH:
            foot = origin + tick * per_second * along
            canvas.plot(*zip(foot, foot - 0.06 * up, strict=True), color="black", linewidth=0.8)
            _write(canvas, foot - (0.16 + depth) * up, typeset(f"{1e3 * tick:g}"), -45, 7)
    _scale_bar(canvas, ends[0] - 0.12 * along, up, scale)
    place = origin + (_UP + 0.3) * up
    _write(canvas, place, f"covariogram; lag of {_name(result, 2)} (ms)", -45, 9)


def _write(canvas: Axes, place: Floats, text: str, angle: float, size: float) -> None:
    canvas.text(
        float(place[0]),
        float(place[1]),
        text,
        rotation=angle,
        rotation_mode="anchor",
        ha="center",
        va="center",
        fontsize=size,
        bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.5},
    )


def _nice(value: float) -> float:
    """Round down to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(m for m in (1, 2, 5) if m * power <= value * (1 + 1e-9)) * power)


def _scale_bar(canvas: Axes, foot: Floats, up: Floats, scale: float) -> None:
    """Draw a bar of a round height with its value, as the slanted histograms have no axis of their own."""
    height = _nice(0.7 * _UP / scale)
    top = foot + height * scale * up
    canvas.plot(*zip(foot, top, strict=True), color="black", linewidth=1.5)
    place = foot - 0.3 * up
    canvas.text(place[0], place[1], f"{height:.3g}\nspikes$^2$", ha="center", va="center", fontsize=8)
