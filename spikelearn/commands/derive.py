"""From a loss to a plasticity rule, printed: formulas, LaTeX, Brian2 equations, verdict and check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["derivation"]


def derivation(
    loss: str,
    approximation: str = "exact",
    *,
    settings: Sequence[str] = (),
    at: Sequence[str] = (),
    steady_state: Sequence[str] = (),
    latex: bool = False,
) -> tuple[str, bool]:
    """Derive the rule of a loss and write down what was found.

    Parameters
    ----------
    loss : str
        Such as ``"(E_set - E)**2/2 + (I_set - I)**2/2"``.
    approximation : str
        "exact", "small_weights", "up_state" or "full".
    settings : sequence of str
        ``name=value``: parameters of the model, or names that only the loss uses.
    at : sequence of str
        ``weight=value``: the free weights at which stability is judged; W_EE=5 and W_IE=10 for the E/I model.
    steady_state : sequence of str
        ``population=formula`` for each population of a model of the user's own; none: the E/I model of Table 1.
    latex : bool
        Whether to give the LaTeX as well.

    Returns
    -------
    text : str
    passed : bool
        Whether the rule agrees with finite differences of the loss.

    Raises
    ------
    ValueError
        The loss, a formula, a setting or the approximation cannot be used; the message says why.

    Examples
    --------
    >>> text, passed = derivation("(E - E_set)**2/2", settings=["E_set=4"])
    >>> print(text.splitlines()[3])
      dW_EE = E*alpha*g_E*(-E + E_set)*(W_II*g_I + 1)/(W_EI*W_IE*g_E*g_I + (-W_EE*g_E + 1)*(W_II*g_I + 1))
    >>> passed
    True
    """
    from spikelearn.symbolic.derive import derive_rule

    values = _numbers(settings, "setting")
    model, extra = _model(steady_state, values)
    derived = derive_rule(loss, model, approximation, parameters=extra)  # type: ignore[arg-type]
    checked = derived.check()
    parts = [
        f"loss: {derived.loss}",
        f"steady state: {', '.join(f'{name} = {side}' for name, side in derived.state.right_hand_sides.items())}",
        f"rule ({approximation}), per ms or per trial:",
        *(f"  d{name} = {change}" for name, change in derived.expressions.items()),
        *(f"note: {note}" for note in derived.notes),
        "Brian2 equations of the weights:",
        *(f"  {line}" for line in derived.weight_equations.splitlines()),
    ]
    if latex:
        parts += ["LaTeX:", derived.latex()]
    parts.append(f"against finite differences of the loss: {checked}")
    parts += ["stability:", _verdict(derived, at)]
    return "\n".join(parts), checked.passed


def _model(steady_state: Sequence[str], values: Mapping[str, float]) -> tuple[Any, dict[str, float]]:
    if steady_state:
        from spikelearn.symbolic.populations import RatePopulations

        formulas = dict(_pair(text, "steady state") for text in steady_state)
        return RatePopulations(formulas, values), {}
    from spikelearn.models.ei_rate.model import EIRates

    known = EIRates().parameters
    model = EIRates(**{name: value for name, value in values.items() if name in known})
    return model, {name: value for name, value in values.items() if name not in known}


def _verdict(derived: Any, at: Sequence[str]) -> str:
    from spikelearn.symbolic.approximate import set_point_weights
    from spikelearn.symbolic.spectrum import RuleSpectrum

    free = _numbers(at, "free weight")
    try:
        held = set_point_weights(derived.state)
        needed = [name for name in derived.state.weights if name not in held]
        if not free and needed == ["W_EE", "W_IE"]:
            free = {"W_EE": 5.0, "W_IE": 10.0}
        if not free:
            return f"  give the free weights {', '.join(needed)} for a verdict"
        found = derived.stability(**free)
    except ValueError as error:
        return f"  no verdict: {error}"
    if isinstance(found, RuleSpectrum):
        return "\n".join(f"  {line}" for line in str(found).splitlines())
    place = ", ".join(f"{name} = {value:g}" for name, value in free.items())
    words = ", ".join(f"{name}: {'yes' if getattr(found, name) else 'no'}" for name in _WORDS)
    eigenvalues = ", ".join(f"{value:.4g}" for value in np.real_if_close(found.eigenvalues.ravel()))
    return f"  at {place}: {words}\n  eigenvalues (1/ms): {eigenvalues}"


_WORDS = ("stable", "neural_stable", "positive", "paradoxical")


def _pair(text: str, what: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier() or not value.strip():
        raise ValueError(f"{what} must read name=value, got {text!r}")
    return name.strip(), value.strip()


def _numbers(texts: Sequence[str], what: str) -> dict[str, float]:
    found = {}
    for text in texts:
        name, value = _pair(text, what)
        try:
            found[name] = float(value)
        except ValueError as error:
            raise ValueError(f"{what} {name} must be a number, got {value!r}") from error
    return found
