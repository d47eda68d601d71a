"""From a loss to a plasticity rule: gradient descent on the weights of a network in its steady state."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from spikelearn.formulas.smooth import parse_expression
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.shapes import latex_display
from spikelearn.symbolic.approximate import full, set_point_weights, small_weights, up_state
from spikelearn.symbolic.implicit import Response, implicit_response
from spikelearn.symbolic.numeric import Numeric, numeric, weight_function
from spikelearn.symbolic.populations import SteadyState, neural_equations, read_steady_state
from spikelearn.symbolic.remarks import LossFacts, check_loss, remarks
from spikelearn.symbolic.spectrum import require_free_weights, rule_spectrum
from spikelearn.symbolic.tidy import tidier
from spikelearn.symbolic.unused import refuse_unused
from spikelearn.symbolic.verify import GradientCheck, check_gradient
from spikelearn.symbolic.write import brian_text, latex_lines

__all__ = ["APPROXIMATIONS", "DerivedRule", "derive_rule"]

_log = logging.getLogger(__name__)

APPROXIMATIONS = ("exact", "small_weights", "up_state", "full")


@dataclass(frozen=True, eq=False, repr=False)
class DerivedRule:
    """A plasticity rule derived from a loss, as formulas, LaTeX, Brian2 equations, and a rule of the package.

    Parameters
    ----------
    text : str
        The loss as it was given.
    model : object
        The model whose steady state was differentiated.
    approximation : str
        "exact", "small_weights", "up_state" or "full".
    expressions : dict of str to sympy.Expr
        The change of each weight in the names of the model and ``alpha``; plain symbols.
    loss : sympy.Expr
        The loss as it was read.
    determinant : sympy.Expr
        The common denominator; for the E/I model C of Eq. (19).
    notes : tuple of str
        What the derivation shows and a user should know: where the rule does not rest at the set point, what it leaves
        free, what an expansion point means.
    facts : LossFacts
        Whether the loss has zero gradient at the set point, and which.
    alpha : float
        The learning rate that `rule`, `check` and `stability` use, per ms.
    parameters : dict of str to float
        What the loss uses beside the model's own parameters.

    Examples
    --------
    >>> import spikelearn as sl
    >>> one = sl.RatePopulations({"r": "g*(W_rr*r + b)"}, {"g": 1.0, "b": 3.0, "r_set": 5.0})
    >>> derived = sl.derive_rule("(r - r_set)**2/2", one)
    >>> derived.rests_at_set_point, derived.check().passed
    (True, True)
    >>> derived.stability().eigenvalues.round(7)  # -alpha (g r/(1 - g W))^2 = -1e-6 (5/0.6)^2
    array([-6.94e-05])
    """

    text: str
    model: Any
    approximation: str
    expressions: dict[str, Any]
    loss: Any
    determinant: Any
    notes: tuple[str, ...]
    facts: LossFacts
    alpha: float
    parameters: dict[str, float]
    solve_for: tuple[str, ...] | None
    state: SteadyState = field(repr=False)
    compact: dict[str, Any] = field(repr=False)
    factor: Any = field(repr=False)
    exact: dict[str, Any] = field(repr=False)

    def __repr__(self) -> str:
        lines = [f"DerivedRule of L = {self.text} ({self.approximation}), alpha = {self.alpha:g}"]
        lines += [f"  d{name} = {text}" for name, text in self.texts.items()]
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _repr_latex_(self) -> str:
        return latex_display(self.latex())

    @property
    def rests_at_set_point(self) -> bool:
        """Whether the loss has zero gradient at the set point, so that its exact rule rests there."""
        return self.facts.rests

    @property
    def texts(self) -> dict[str, str]:
        """The change of each weight as Brian2 text."""
        return {name: brian_text(change) for name, change in self.expressions.items()}

    @property
    def weight_equations(self) -> str:
        """Brian2 differential equations of the weights alone, times in ms."""
        return "\n".join(f"d{name}/dt = ({text})/ms : 1" for name, text in self.texts.items())

    @property
    def equations(self) -> str:
        """Brian2 equations of activities and weights together, that run with ``namespace=derived.values``.

        Raises
        ------
        ValueError
            The model has no dynamics: a time constant ``tau_<population>`` is missing.
        """
        return f"{neural_equations(self.model)}\n{self.weight_equations}"

    @property
    def values(self) -> dict[str, float]:
        """Every number that the equations need: the model's parameters, the loss's own and ``alpha``."""
        return {**self.state.parameters, "alpha": self.alpha}

    @property
    def rule(self) -> Any:
        """The rule as a ``spikelearn.Rule``, for trials, stability maps and Brian2 runs."""
        from spikelearn.rules.rule import Rule

        source = f"-alpha grad L of L = {self.text} ({self.approximation})"
        return Rule(dW=self.texts, parameters={**self.parameters, "alpha": self.alpha}, source=source)

    @property
    def free_weights(self) -> tuple[str, ...]:
        """The weights that the set point leaves free and that `stability` takes; the others are ``solve_for``.

        Without ``solve_for`` the last weight into each population is held: W_EE and W_IE are free for the E/I model.

        Raises
        ------
        ValueError
            No weights, or several choices of weights, hold the set point.
        """
        held = set_point_weights(self.state, self.solve_for)
        return tuple(name for name in self.state.weights if name not in held)

    def _natural_weights(self, free: Mapping[str, Any]) -> dict[str, Any]:
        """Give W_EE and W_IE, which ``spikelearn.stability`` takes, for whatever weights are free."""
        order = self.free_weights
        require_free_weights(free, order)
        if set(order) == {"W_EE", "W_IE"}:
            return dict(free)
        held = set_point_weights(self.state, self.solve_for)
        values = np.stack(np.broadcast_arrays(*(np.asarray(free[name], dtype=np.float64) for name in order)))
        solved = weight_function(held, order, self.state.parameters)(values)
        found: dict[str, Any] = {**dict(zip(order, values, strict=True)), **solved}
        return {name: found[name] for name in ("W_EE", "W_IE")}

    def latex(self) -> str:
        """Write the rule as LaTeX, with the common denominator named once."""
        return latex_lines(self.compact, self.factor, self.determinant)

    def check(self, points: int = 10, seed: int = 0) -> GradientCheck:
        """Compare the rule with finite differences of the loss, see `spikelearn.symbolic.verify.check_gradient`."""
        return check_gradient(self, points, seed)

    def stability(
        self, method: Literal["qss", "full", "trial", "closed"] = "qss", *, sensor: float = 1.0, **free: Any
    ) -> Any:
        """Judge the rule at the set point with the given free weights, for example ``W_EE=5, W_IE=10``.

        The E/I model goes to ``spikelearn.stability`` (looked up only here, since it lies above this package), which
        takes arrays and every method. Other models, and losses that are not least at the set point or leave a
        direction out, get the eigenvalues where the rule rests, by "qss" or "full", at one point at a time; see
        `spikelearn.symbolic.spectrum.rule_spectrum`.

        Parameters
        ----------
        method : {"qss", "full", "trial", "closed"}
            How. "qss" takes the rule for slow beside the activities; "full" judges both together.
        sensor : float
            For "trial" the time constant of the running mean in trials, see ``spikelearn.stability``.
        **free : float or array_like
            The weights that the set point leaves free, see `free_weights`.

        Returns
        -------
        Stability or RuleSpectrum

        Raises
        ------
        ValueError
            A free weight is unknown (the nearest is named), missing, or negative.
        TypeError
            A weight is no number, or an array where one point at a time is asked for.
        """
        if hasattr(self.model, "setpoint_weights") and self.rests_at_set_point and not self.facts.neutral:
            from spikelearn.models.ei_rate.stability import stability

            return stability(self.model, self.rule, method=method, sensor=sensor, **self._natural_weights(free))
        if sensor != 1:
            raise ValueError(f"stability.sensor must come with method='trial', got method={method!r}")
        if method not in ("qss", "full"):
            why = "a model with trials and closed forms"
            if hasattr(self.model, "setpoint_weights"):
                why = "a loss that is least at the set point" if not self.facts.neutral else "a loss of all activities"
            raise ValueError(f"stability by method {method!r} needs {why}; here it must be 'qss' or 'full'")
        return rule_spectrum(self, method, **free)

    @cached_property
    def functions(self) -> Numeric:
        """The rule, the loss and the steady state as functions of numbers."""
        return numeric(self.state, self.loss, list(self.expressions.values()), self.values)

    @cached_property
    def exact_functions(self) -> Numeric:
        """The same with the exact rule in the place of its approximation."""
        return numeric(self.state, self.loss, list(self.exact.values()), self.values)


def derive_rule(
    loss: str,
    model: Any,
    approximation: Literal["exact", "small_weights", "up_state", "full"] = "exact",
    *,
    parameters: Mapping[str, float] | None = None,
    alpha: float = 1e-6,
    solve_for: Sequence[str] | None = None,
    time_limit: float = 5.0,
) -> DerivedRule:
    """Derive the plasticity rule dW = -alpha dL/dW of a loss in the steady state of a rate model.

    The activities X follow the weights, X = f(X, W), so that
    dL/dW = (partial dL/dW) + sum over p of (partial dL/dX_p) dX_p/dW, with dX/dW by implicit differentiation.
    Approximations act on dX/dW alone and keep the loss's own derivatives; "full" expands everything.

    Parameters
    ----------
    loss : str
        A differentiable formula in the populations, the weights and the parameters, for example
        ``"(E_set - E)**2/2 + (I_set - I)**2/2"``; see `spikelearn.formulas.smooth.parse_expression` for the grammar.
    model : object
        An ``EIRates``, a ``RatePopulations``, or any object with equations, parameters and populations; see
        `spikelearn.symbolic.populations.read_steady_state`.
    approximation : {"exact", "small_weights", "up_state", "full"}
        ``small_weights``: dX/dW to first order in the weights, activities held. ``up_state``: dX/dW with the weights
        that hold the set point; the free weights stay as symbols. ``full``: the whole rule with X = X_ss(W) to first
        order in the weights.
    parameters : mapping of str to float, optional
        Names that only the loss uses, with their values.
    alpha : float
        Learning rate per ms (or per trial).
    solve_for : sequence of str, optional
        The weights that the set point fixes, in ``up_state`` and for `DerivedRule.stability`; by default the last into
        each population. The others are `DerivedRule.free_weights`.
    time_limit : float
        Seconds for tidying formulas; past it they stay as they were built. The exact rule needs none. A soft limit:
        the formula at work is finished, and the weights of a set point are solved for first, which for nonlinear steady
        states may take longer than that.

    Returns
    -------
    DerivedRule

    Raises
    ------
    ValueError
        The loss does not read, is not differentiable or has no real value at the set point, uses an unknown symbol or
        no population at all; nothing uses a parameter; the steady state's Jacobian is singular for all weights; or the
        approximation cannot be made for this model.

    References
    ----------
    003 section 3, Eqs. (46)-(57), with errata E1-E3: the print's Eq. (55) has the opposite sign, Eq. (56) is gradient
    ascent, and a_E of Eq. (57) has E_set for I_set. 000 for the approximations, with errata F1-F3.

    Examples
    --------
    >>> from spikelearn.symbolic.populations import RatePopulations
    >>> one = RatePopulations({"r": "g*(W_rr*r + b)"}, {"g": 1.0, "b": 3.0, "r_set": 5.0})
    >>> derived = derive_rule("(r - r_set)**2/2", one)
    >>> derived.expressions["W_rr"]
    alpha*g*r*(-r + r_set)/(-W_rr*g + 1)
    >>> print(derived.weight_equations)
    dW_rr/dt = (alpha*g*r*(-r + r_set)/(-W_rr*g + 1))/ms : 1
    >>> derived.check().passed
    True
    """
    import sympy

    if approximation not in APPROXIMATIONS:
        raise ValueError(unknown_name("derive_rule", "approximation", str(approximation), APPROXIMATIONS))
    if np.ndim(alpha) > 0 or isinstance(alpha, (bool, str)):
        raise TypeError(f"derive_rule.alpha must be one number, got {alpha!r}")
    if not 0 < alpha < np.inf:
        raise ValueError(f"derive_rule.alpha must be positive and finite, got {alpha!r}")
    state = read_steady_state(model, parameters)
    formula = parse_expression(loss, state.names)
    refuse_unused(model, state, formula, parameters)
    facts = check_loss(state, formula)
    tidy = tidier(time_limit)
    response = implicit_response(state)
    letter = "D" if approximation == "up_state" else "C"
    factor = sympy.Symbol(letter if letter not in state.names else f"{letter}_0")
    _log.info("steady state of %s differentiated implicitly by %d weights", type(model).__name__, len(state.weights))
    exact, compact = _changes(state, formula, response, factor)
    expressions, determinant = exact, response.denominator
    if approximation != "exact":
        near = approximation == "up_state"
        chosen = up_state(state, response, solve_for, tidy) if near else small_weights(state, response)
        expressions, compact = _changes(state, formula, chosen, factor)
        determinant = chosen.denominator
    if approximation == "full":
        # To first order in the weights the rule with dX/dW expanded is the rule itself, and far shorter to expand on.
        expressions = compact = full(state, expressions, chosen, tidy)
        determinant = sympy.Integer(1)
    return DerivedRule(
        text=loss,
        model=model,
        approximation=approximation,
        expressions=expressions,
        loss=formula,
        determinant=determinant,
        notes=(*facts.remarks, *remarks(state, approximation, expressions)),
        facts=facts,
        alpha=float(alpha),
        parameters={name: float(value) for name, value in (parameters or {}).items()},
        solve_for=None if solve_for is None else tuple(solve_for),
        state=state,
        compact=compact,
        factor=factor,
        exact=exact,
    )


def _changes(state: SteadyState, loss: Any, response: Response, factor: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write -alpha dL/dW for every weight, with the denominator in full and with its name."""
    import sympy

    alpha = sympy.Symbol("alpha")
    gradient = [-loss.diff(sympy.Symbol(name)) for name in state.populations]
    named = Response(response.terms, factor if response.denominator != 1 else sympy.Integer(1))
    compact = {
        name: alpha * (step - loss.diff(sympy.Symbol(name)))
        for name, step in zip(state.weights, named.back(gradient), strict=True)
    }
    return {name: change.xreplace({factor: response.denominator}) for name, change in compact.items()}, compact
