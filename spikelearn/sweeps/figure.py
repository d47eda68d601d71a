"""The figure of a sweep: a line over one parameter, a map over two, beside the formula where there is one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.plotting import COLOURS, SERIES, THEORY, new_figure

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["sweep_figure"]

_OWN = ("failed", "error", "done")
# Lines of one panel that can still be told apart.
_LINES = 6


def sweep_figure(
    result: xr.Dataset, title: str = "", formulas: Mapping[str, Callable[[Mapping[str, float]], float]] | None = None
) -> Any:
    """Draw every number of a sweep over the first one or two dimensions that have several values.

    Repeats are drawn as their mean, and over one parameter as points too; of other dimensions the first value is shown,
    as the title says. Points that failed or are not done are left blank.

    Parameters
    ----------
    result : xarray.Dataset
        What `sweep` or `spikelearn.sweeps.open` gave.
    title : str
        Title of the figure.
    formulas : mapping of str to callable, optional
        For a quantity, its theory: from the values of a point (SI numbers by name) to a number in the quantity's unit.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        There is no quantity of one number a point, or no point.

    Examples
    --------
    >>> import spikelearn as sl
    >>> def square(x, seed):
    ...     return {"y": x**2}
    >>> found = sl.sweep(square, {"x": [1.0, 2.0, 3.0]}, executor="serial")
    >>> figure = sl.sweeps.sweep_figure(found, "A parabola", formulas={"y": lambda point: point["x"] ** 2})
    >>> sl.plotting.close_figure(figure)
    """
    dims = [str(dim) for dim in result["failed"].dims]
    numbers = [str(n) for n in result.data_vars if n not in _OWN and set(map(str, result[n].dims)) == set(dims)]
    numbers = [name for name in numbers if result[name].dtype.kind == "f"]
    if not numbers:
        raise ValueError("sweep_figure must be given a result with at least one real number a point, got none")
    over = [dim for dim in dims if dim != "repeat"]
    wide = [dim for dim in over if result.sizes[dim] > 1][:2] or over[:1]
    fixed = [dim for dim in over if dim not in wide]
    chosen = result.isel({dim: 0 for dim in fixed})
    shown = [f"{dim} = {_text(result[dim].values[0], result[dim].attrs.get('units', ''))}" for dim in fixed]
    columns = min(len(numbers), 3)
    rows = -(-len(numbers) // columns)
    figure = new_figure(4.6 * columns, 3.6 * rows + 0.4)
    panels = np.asarray(figure.subplots(rows, columns, squeeze=False)).ravel()
    for panel, name in zip(panels, numbers, strict=False):
        formula = (formulas or {}).get(name)
        values = chosen[name]
        if len(wide) == 2 and all(chosen[dim].dtype.kind in "fi" for dim in wide):
            _map(figure, panel, values, wide, name)
            if formula is not None:
                _contours(panel, chosen, wide, fixed, result, formula)
        else:
            _lines(panel, values, wide, name)
            if formula is not None and len(wide) == 1 and chosen[wide[0]].dtype.kind in "fi":
                x = chosen[wide[0]].values
                theory = [_predicted(formula, {**_fixed(result, fixed), wide[0]: float(value)}) for value in x]
                panel.plot(x, theory, **THEORY, label="formula", zorder=3)
                panel.legend(frameon=False, fontsize="small")
    for panel in panels[len(numbers) :]:
        panel.set_visible(False)
    failed = int(result["failed"].sum())
    notes = [*shown, *([f"{failed} of {result['failed'].size} points failed"] if failed else [])]
    # About eleven letters of a title to the inch.
    wrapped = textwrap.wrap(title, int(11 * figure.get_figwidth()))
    figure.suptitle("\n".join([*wrapped, *textwrap.wrap("; ".join(notes), int(11 * figure.get_figwidth()))]))
    return figure


def _fixed(result: xr.Dataset, fixed: list[str]) -> dict[str, Any]:
    return {dim: result[dim].values[0].item() for dim in fixed}


def _predicted(formula: Callable[[Mapping[str, float]], float], point: Mapping[str, Any]) -> float:
    """Ask a formula; where it has no value at a point there is none to draw."""
    try:
        value = np.asarray(formula(point), dtype=np.float64)
    except (ValueError, ArithmeticError):
        return float("nan")
    return float(value) if value.ndim == 0 else float("nan")


def _lines(panel: Any, values: xr.DataArray, wide: list[str], name: str) -> None:
    x = values[wide[0]]
    numeric = x.dtype.kind in "fi"
    places = x.values if numeric else np.arange(len(x))
    mean = values.mean("repeat", skipna=True) if "repeat" in values.dims else values
    if len(wide) == 1:
        if "repeat" in values.dims:
            scattered = values.transpose(wide[0], "repeat").values
            panel.plot(places, scattered, ".", color=COLOURS["muted"], markersize=3, zorder=1)
        panel.plot(places, mean.values, "o-", color=COLOURS["simulation"], markersize=3, label="simulation")
    else:
        other = mean[wide[1]]
        for k in range(min(len(other), _LINES)):
            row = mean.isel({wide[1]: k})
            label = f"{wide[1]} = {_text(other.values[k], other.attrs.get('units', ''))}"
            panel.plot(places, row.transpose(wide[0]).values, "o-", color=SERIES[k], markersize=3, label=label)
        panel.legend(frameon=False, fontsize="small")
    if not numeric:
        panel.set_xticks(places, [str(value) for value in x.values])
    elif _geometric(x.values):
        panel.set_xscale("log")
    panel.set_xlabel(_label(wide[0], x.attrs.get("units", "")))
    panel.set_ylabel(_label(name, values.attrs.get("units", "1")))


def _map(figure: Any, panel: Any, values: xr.DataArray, wide: list[str], name: str) -> None:
    mean = values.mean("repeat", skipna=True) if "repeat" in values.dims else values
    x, y = (values[dim] for dim in wide)
    order = mean.sortby([wide[0], wide[1]]).transpose(wide[1], wide[0])
    mesh = panel.pcolormesh(
        order[wide[0]].values,
        order[wide[1]].values,
        order.values,
        shading="nearest",
        cmap="Blues",
    )
    figure.colorbar(mesh, ax=panel, label=_label(name, values.attrs.get("units", "1")))
    for axis, coordinate, scale in (("x", x, panel.set_xscale), ("y", y, panel.set_yscale)):
        if _geometric(coordinate.values):
            scale("log")
        getattr(panel, f"set_{axis}label")(_label(str(coordinate.name), coordinate.attrs.get("units", "")))


def _contours(panel: Any, chosen: Any, wide: list[str], fixed: list[str], result: Any, formula: Any) -> None:
    """Draw the formula as contour lines over the map."""
    x, y = (np.sort(chosen[dim].values) for dim in wide)
    rest = _fixed(result, fixed)
    theory = np.array([[_predicted(formula, {**rest, wide[0]: float(a), wide[1]: float(b)}) for a in x] for b in y])
    finite = theory[np.isfinite(theory)]
    if min(theory.shape) > 1 and finite.size and finite.min() < finite.max():
        lines = panel.contour(x, y, theory, levels=5, colors=COLOURS["theory"], linestyles="dashed", linewidths=1.0)
        panel.clabel(lines, fontsize="x-small")
        panel.set_title("lines: formula", fontsize="small", color=COLOURS["theory"])


def _geometric(values: Any) -> bool:
    """Tell whether values are spread over decades."""
    plain = np.asarray(values, dtype=np.float64)
    return bool(plain.size > 2 and plain.min() > 0 and plain.max() / plain.min() >= 30)


def _label(name: str, unit: str) -> str:
    return name if unit in ("", "1") else f"{name} ({unit})"


def _text(value: Any, unit: str) -> str:
    shown = f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)
    return shown if unit in ("", "1") else f"{shown} {unit}"
