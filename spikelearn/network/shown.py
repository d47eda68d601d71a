"""How a network shows itself: a line a part, as text and as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.parameters.shapes import html_table

if TYPE_CHECKING:
    from spikelearn.network.records import Network

__all__ = ["network_html", "network_text"]

# Populations, projections, sources and inputs beyond these are counted, not listed.
_LISTED = 6


def network_text(network: Network) -> str:
    """Give the network on a few lines; nothing is drawn for it."""
    lines = [_title(network)]
    lines += [f"  {name}: {what}" for name, what in _rows(network)]
    return "\n".join(lines)


def network_html(network: Network) -> str:
    """Give the same as a table in HTML."""
    return html_table(_title(network), ("part", "what"), _rows(network))


def _title(network: Network) -> str:
    learns = sum(projection.plasticity is not None for projection in network.projections)
    parts = [_counted(network.n, "neuron"), _counted(len(network.projections), "projection")]
    parts += [f"{learns} plastic"] if learns else []
    parts += [_counted(len(network.sources), "source")] if network.sources else []
    parts += [_counted(len(network.poisson), "Poisson input")] if network.poisson else []
    return f"Network({', '.join(parts)}; seed {network.seed})"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _rows(network: Network) -> Iterator[tuple[str, str]]:
    groups: list[list[tuple[str, str]]] = [
        [(name, f"{part.n} {_neuron(part)}") for name, part in network.populations.items()],
        [(f"{p.source} -> {p.target}", _projection(p)) for p in network.projections],
        [(name, _counted(source.n, "external train")) for name, source in network.sources.items()],
        [
            (f"Poisson -> {drive.population}", f"{_range(drive.rate)}, weight {drive.weight}")
            for drive in network.poisson
        ],
    ]
    for group in groups:
        yield from group[:_LISTED]
        if len(group) > _LISTED:
            yield "...", f"{len(group) - _LISTED} more"


def _neuron(part: Any) -> str:
    varied = f", {', '.join(part.vary)} varied" if part.vary else ""
    if part.own:
        return f"EquationNeuron({', '.join(part.neuron.jumpable)}{varied})"
    return f"AdaptiveLIF(V_0={part.neuron.V_0}, delta_g={part.neuron.delta_g:g}{varied})"


def _projection(part: Any) -> str:
    onto = f" onto {part.onto}" if part.onto else ""
    learns = f", {part.plasticity!r}" if part.plasticity is not None else ""
    kind = part.connections
    how = f"{len(kind.targets)} pairs" if hasattr(kind, "targets") else repr(kind)
    return f"{how}, weight {_range(part.weight)}{onto}, delay {_range(part.delay)}{learns}"


def _range(given: Any) -> str:
    if isinstance(given, str) or not np.ndim(given):
        return str(given)
    return f"{np.min(given)} to {np.max(given)}"
