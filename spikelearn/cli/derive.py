"""From a loss to a plasticity rule, printed: formulas, LaTeX, Brian2 equations, verdict and check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spikelearn.cli.answers import Answer

__all__ = ["derivation", "derived_rule"]


def derivation(
    loss: str,
    approximation: str = "exact",
    *,
    settings: Sequence[str] = (),
    at: Sequence[str] = (),
    steady_state: Sequence[str] = (),
    latex: bool = False,
    alpha: float = 1e-6,
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
    alpha : float
        Learning rate per ms or per trial, which scales the eigenvalues.

    Returns
    -------
    text : str
        What was derived, also where no verdict or no check was possible; one line says why not.
    passed : bool
        Whether the rule agrees with finite differences of the loss, and the point of `at` could be used.

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
    answer = derived_rule(
        loss, approximation, settings=settings, at=at, steady_state=steady_state, latex=latex, alpha=alpha
    )
    return answer.text, not answer.status


def derived_rule(
    loss: str,
    approximation: str = "exact",
    *,
    settings: Sequence[str] = (),
    at: Sequence[str] = (),
    steady_state: Sequence[str] = (),
    latex: bool = False,
    alpha: float = 1e-6,
) -> Answer:
    """Derive the rule of a loss, see `derivation`: its text, one row a weight, and status 1 where it did not pass."""
    from spikelearn.symbolic.derive import derive_rule

    values = _numbers(settings, "setting")
    model, extra = _model(steady_state, values)
    free = _numbers(at, "free weight")
    derived = derive_rule(loss, model, approximation, parameters=extra, alpha=alpha)  # type: ignore[arg-type]
    parts = [
        f"loss: {derived.loss}",
        f"steady state: {', '.join(f'{name} = {side}' for name, side in derived.state.right_hand_sides.items())}",
        f"rule ({approximation}), per ms or per trial, alpha = {alpha:g}:",
        *(f"  d{name} = {change}" for name, change in derived.expressions.items()),
        *(f"note: {note}" for note in derived.notes),
        "Brian2 equations of the weights:",
        *(f"  {line}" for line in derived.weight_equations.splitlines()),
    ]
    if latex:
        parts += ["LaTeX:", derived.latex()]
    try:
        checked = derived.check()
        agrees, said = checked.passed, str(checked)
    except (ValueError, ArithmeticError) as error:
        agrees, said = False, f"the check was impossible: {error}"
    parts.append(f"against finite differences of the loss: {said}")
    verdict, judged = _verdict(derived, free)
    # Nothing was wrong where no point was given; a point that was given and cannot be judged is an error.
    passed = agrees and (judged or not free)
    facts = {
        "loss": str(derived.loss),
        "approximation": approximation,
        "alpha": alpha,
        "steady_state": {name: str(side) for name, side in derived.state.right_hand_sides.items()},
        "notes": list(derived.notes),
        "check": {"passed": agrees, "said": said},
        "stability": [line.strip() for line in verdict.splitlines()],
        **({"latex": derived.latex()} if latex else {}),
    }
    texts = derived.texts
    rows = [
        {"weight": name, "change": str(change), "brian2": texts[name]} for name, change in derived.expressions.items()
    ]
    return Answer("\n".join([*parts, "stability:", verdict]), rows, facts, int(not passed))


def _model(steady_state: Sequence[str], values: Mapping[str, float]) -> tuple[Any, dict[str, float]]:
    if steady_state:
        from spikelearn.symbolic.populations import RatePopulations

        formulas = dict(_pair(text, "steady state") for text in steady_state)
        return RatePopulations(formulas, values), {}
    from spikelearn.models.ei_rate.model import EIRates

    known = EIRates().parameters
    model = EIRates(**{name: value for name, value in values.items() if name in known})
    return model, {name: value for name, value in values.items() if name not in known}


def _verdict(derived: Any, free: dict[str, float]) -> tuple[str, bool]:
    """Give the verdict, or one line that says why there is none, and whether there is one."""
    from spikelearn.symbolic.spectrum import RuleSpectrum

    try:
        needed = derived.free_weights
        if not free and needed == ("W_EE", "W_IE"):
            free = {"W_EE": 5.0, "W_IE": 10.0}
        if needed and not free:
            return f"  give the free weights {', '.join(needed)} for a verdict", False
        found = derived.stability(**free)
    except (ValueError, ArithmeticError) as error:
        return f"  no verdict: {error}", False
    if isinstance(found, RuleSpectrum):
        return "\n".join(f"  {line}" for line in [*str(found).splitlines(), *_together(derived, free)]), True
    place = ", ".join(f"{name} = {value:g}" for name, value in free.items())
    words = ", ".join(f"{name}: {'yes' if getattr(found, name) else 'no'}" for name in _WORDS)
    eigenvalues = ", ".join(f"{value:.4g}" for value in np.real_if_close(found.eigenvalues.ravel()))
    lines = [f"at {place}: {words}", f"eigenvalues (1/ms): {eigenvalues}", *_together(derived, free)]
    return "\n".join(f"  {line}" for line in lines), True


def _together(derived: Any, free: dict[str, float]) -> list[str]:
    """Say whether activities and weights are stable together at this alpha; nothing where that cannot be told."""
    try:
        stable = bool(derived.stability(method="full", **free).stable)
    except (ValueError, ArithmeticError):
        return []
    verdict = "stable" if stable else "not stable: the rule is too fast for the activities"
    if not stable and not bool(derived.stability(**free).stable):
        verdict = "not stable"
    return [f"rule and activities together, at alpha = {derived.alpha:g}: {verdict}"]


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
