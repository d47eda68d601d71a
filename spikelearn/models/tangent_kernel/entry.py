"""Learning in the tangent-kernel regime in the catalogue: the width study, its exponents and their theory."""

from __future__ import annotations

from typing import Any

from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.models.tangent_kernel import measures
from spikelearn.models.tangent_kernel.figure import overview
from spikelearn.models.tangent_kernel.width import WidthStudy
from spikelearn.parameters.names import unknown_name
from spikelearn.simulation.recording import Recording

__all__: list[str] = []

_SINGLE = {
    "delta_w_readout": "the read-out's change, rms of its entries",
    "a": "the coefficients a = C^-1 (y - f), rms",
    "gradient": "the output's derivatives in the drives, rms",
    "kernel": "the gamma-weighted kernel C, rms of its entries",
    "kernel_error": "C less its limit of infinite width, rms of its entries",
    "residual": "what the full network misses at the linearised solution, rms over examples",
    "descent_distance": "Delta w of the trained network less the linearised one, relative",
}


def _run(study: WidthStudy, request: RunRequest) -> Recording:
    if request.engine not in (None, "array"):
        raise ValueError(unknown_name("TangentKernel", "engine", str(request.engine), ("array",)))
    return measures.run_study(study, request.progress)


def _parameters(table: Any) -> WidthStudy:
    return WidthStudy(**table)


QUANTITIES = {
    "delta_w": Measure(measures.hidden_slope, "1", "exponents of the layers' changes, rms of their entries, Eq. (24)"),
    **{name: Measure(measures.one_slope(name), "1", f"exponent of {what}") for name, what in _SINGLE.items()},
    "outside": Measure(measures.outside, "1", "how many exponents lie outside their bands of 99.9 %"),
}
FORMULAS = {
    "delta_w": Measure(measures.hidden_exponent, "1", "-3/2, Eq. (24)"),
    **{name: Measure(measures.one_exponent(name), "1", f"power of n of {what}") for name, what in _SINGLE.items()},
}

register(
    System(
        name="TangentKernel",
        model=WidthStudy,
        build=_parameters,
        run=_run,
        quantities=QUANTITIES,
        formulas=FORMULAS,
        figure=overview,
        run_settings=frozenset(),
        example={"widths": [32, 64], "n_seeds": 2, "descent_up_to": 64},
        why_not_simulated="a study of networks over width has no time; WidthStudy.run() gives its table",
    )
)
