"""The options of the command derive."""

from __future__ import annotations

from typing import Annotated

import typer

from spikelearn.cli.answers import Answer

__all__ = ["derive"]


def derive(
    loss: Annotated[str, typer.Argument(help="Such as '(E_set - E)**2/2 + (I_set - I)**2/2'.")],
    approximation: Annotated[str, typer.Option(help="exact, small_weights, up_state or full.")] = "exact",
    set_value: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE of a parameter.")] = None,
    at: Annotated[list[str] | None, typer.Option(help="WEIGHT=VALUE at which stability is judged.")] = None,
    steady_state: Annotated[
        list[str] | None, typer.Option(help="POPULATION=FORMULA of a model of your own; repeat for each.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="LaTeX as well.")] = False,
    alpha: Annotated[float, typer.Option(help="Learning rate per ms or per trial.")] = 1e-6,
) -> Answer:
    """Derive a plasticity rule from a loss: formulas, Brian2 equations, stability."""
    from spikelearn.cli.derive import derived_rule

    return derived_rule(
        loss,
        approximation,
        settings=set_value or [],
        at=at or [],
        steady_state=steady_state or [],
        latex=latex,
        alpha=alpha,
    )
