"""The adaptive LIF neuron in the catalogue: what is measured, and the formulas that it should equal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from spikelearn.catalogue.entry import Measure, System
from spikelearn.catalogue.registry import register
from spikelearn.catalogue.regularity import REGULARITY
from spikelearn.catalogue.trains import TRAINS
from spikelearn.models.adaptive_lif import measures
from spikelearn.models.adaptive_lif.figure import overview
from spikelearn.models.adaptive_lif.model import AdaptiveLIF

__all__: list[str] = []


QUANTITIES = {
    **TRAINS,
    "burst_period": Measure(
        partial(measures.bursts, of="period"), "s", "from first spike to first spike of settled bursts"
    ),
    "burst_duration": Measure(
        partial(measures.bursts, of="duration"), "s", "from first to last spike of settled bursts"
    ),
    "silence_duration": Measure(
        partial(measures.bursts, of="silence"), "s", "from last spike to the next burst's first"
    ),
    "spikes_per_burst": Measure(partial(measures.bursts, of="spikes"), "1", "mean number of spikes in settled bursts"),
    "largest_g": Measure(measures.largest_conductance, "1", "largest recorded conductance"),
    **REGULARITY,
}


def _formula(method: str, **options: Any) -> Callable[[AdaptiveLIF], Any]:
    return lambda model: getattr(model, method)(**options)


FORMULAS = {
    "time_to_spike": Measure(_formula("time_to_spike"), "s", "t_s(0), Eq. (4)"),
    "critical_conductance": Measure(_formula("critical_conductance"), "1", "g*, Eq. (5)"),
    "spikes_until_silence": Measure(_formula("spikes_until_silence"), "1", "n_spikes, Eq. (6)"),
    "regular_interval": Measure(_formula("regular_interval"), "s", "t*, Eq. (7)"),
    "regular_interval_first_order": Measure(
        _formula("regular_interval", order="first"), "s", "t* with its term of order tau (erratum A8)"
    ),
    "regular_interval_manifold": Measure(
        _formula("regular_interval", order="manifold"), "s", "t* on the slow manifold, third order in tau/tau_K"
    ),
    "regular_interval_exact": Measure(
        _formula("regular_interval", order="exact"), "s", "fixed point of the map from spike to spike"
    ),
    "tonic_interval": Measure(_formula("tonic_interval"), "s", "saturated tonic firing, T = t_s(delta_g tau_K/T)"),
    "burst_period": Measure(lambda model: model.bursting().period, "s", "T_on + T_off"),
    "burst_duration": Measure(lambda model: model.bursting().on, "s", "T_on = t_d + t_r"),
    "silence_duration": Measure(lambda model: model.bursting().off, "s", "T_off = t_d + tau_K log(g_end/g_th)"),
    "spikes_per_burst": Measure(lambda model: model.bursting().spikes, "1", "N = 1 + (t_d - c tau_K)/T_0 + N_2"),
    "burst_period_leading": Measure(
        lambda model: model.bursting().leading_period, "s", "2 t_d + tau_K log(P_0/g*), to leading order"
    ),
}


register(
    System(
        name="AdaptiveLIF",
        model=AdaptiveLIF,
        quantities=QUANTITIES,
        formulas=FORMULAS,
        figure=overview,
        example={"V_0": "30 mV"},
        example_run={"duration": "0.5 s"},
        agreement={"spike_count": 0.03, "mean_interval": 0.02},
    )
)
