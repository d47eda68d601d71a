"""The command fit: parameters of a neuron from a file of recorded spikes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spikelearn.cli.places import place_of_results
from spikelearn.derivatives.fitting import fit
from spikelearn.interop import read_spikes
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.parameters.names import unknown_name
from spikelearn.plotting import save_figure
from spikelearn.storage.files import whole_folder
from spikelearn.storage.manifest import write_manifest

__all__ = ["fit_file"]

STARTS, SEED = 10, 0


def fit_file(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    free: str | None = None,
    given: Sequence[str] = (),
    unit: int | None = None,
    n_starts: int = STARTS,
    seed: int = SEED,
    **reading: Any,
) -> tuple[str, list[dict[str, Any]], Path]:
    """Fit an AdaptiveLIF to a file of spike trains and write estimates, the model's spikes and a figure into a folder.

    Parameters
    ----------
    path : path
        What `spikelearn.interop.read_spikes` reads; time 0 is where the neuron starts.
    output : path, optional
        The folder; ``runs/NAME-fit`` with every option that was set if not given.
    free : str, optional
        Names of the free parameters with commas between them; see `spikelearn.fit` for what is free if not given.
    given : sequence of str
        Start and fixed values, such as ``"tau=12 ms"``.
    unit : int, optional
        Which unit, by position; all together if not given.
    n_starts, seed : int
        See `spikelearn.fit`.
    **reading : optional
        What a foreign file does not say, such as ``t_stop``.

    Returns
    -------
    text : str
        The table of estimates and a line for what was written.
    rows : list of dict
        The table.
    folder : Path
        Where everything is.

    Raises
    ------
    ValueError
        The file, a name or a value does not fit, or `fit` refuses.
    OSError
        The file cannot be read, or the folder not be written.
    """
    place = Path(path)
    neuron = AdaptiveLIF(**_values(given))
    trains = read_spikes(place, **{name: value for name, value in reading.items() if value is not None})
    if unit is not None:
        if not 0 <= unit < trains.n_units:
            raise ValueError(f"fit: unit must lie from 0 to {trains.n_units - 1}, got {unit}")
        trains = trains.select_units([unit])
    names = None if free is None else [name.strip() for name in free.split(",") if name.strip()]
    found = fit(neuron, trains, names, n_starts=n_starts, seed=seed)
    table = found.table()
    options = {
        "free": None if names is None else ",".join(names),
        "set": list(given),
        "unit": unit,
        "starts": n_starts,
        "seed": seed,
        **reading,
    }
    folder, source, _ = place_of_results(place, "fit", output, options, {"free": None, "starts": STARTS, "seed": SEED})
    with whole_folder(folder, overwrite=True, kind="fit", source=source, inputs=(place,)) as temporary:
        table.to_csv(temporary / "estimates.csv", index=False)
        (temporary / "model_spikes.csv").write_text(
            "time\n" + "".join(f"{time!r}\n" for time in found.spikes.tolist()), encoding="utf-8"
        )
        save_figure(found.figure(), temporary / "fit.png")
        made = {
            "file": place.name, "free": list(found.estimates), "given": list(given), "unit": unit, "seed": seed,
            "jitter": found.jitter, "missing": found.missing, "extra": found.extra, "good": found.good,
            "doubt": found.doubt, "starts": found.starts,
        }  # fmt: skip
        write_manifest(temporary, "fit", {"source": source, "fit": made})
    shown = table.to_string(index=False, float_format=lambda value: f"{value:.6g}")
    verdict = "good" if found.good else f"NOT good: {found.doubt}"
    without_delay = names is None and "t_d" not in found.estimates
    held = "t_d = 0 is held; --set 't_d=5 ms' begins with a delay and fits it\n" if without_delay else ""
    text = "\n".join(
        [
            repr(trains), "", shown, "",
            f"jitter {found.jitter * 1e3:.3g} ms, {found.missing} spikes of the model without a recorded one, "
            f"{found.extra} recorded without one of the model; the fit is {verdict}",
            held, f"estimates, spikes, figure and manifest in {folder}",
        ]
    )  # fmt: skip
    return text, [{str(key): value for key, value in row.items()} for row in table.to_dict("records")], folder


def _values(given: Sequence[str]) -> dict[str, Any]:
    """Read ``name=value``; what has no unit is a number."""
    known = [field.name for field in dataclasses.fields(AdaptiveLIF)]
    values: dict[str, Any] = {}
    for text in given:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign:
            raise ValueError(f"fit: --set must be name=value, such as 'tau=12 ms', got {text!r}")
        if name not in known:
            raise ValueError(unknown_name("AdaptiveLIF", "parameter", name, known))
        try:
            values[name] = float(value)
        except ValueError:
            values[name] = value
    return values
