"""A plasticity rule as one record: one expression a weight, from which every other form is made."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.formulas.formula import (
    check_expression,
    names_in,
    numpy_function,
    parse_expression,
    plain,
    symbol,
)
from spikelearn.formulas.reserved import RESERVED
from spikelearn.parameters.foreign import bare
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.shapes import latex_display
from spikelearn.rules.rate_model import RateModel

__all__ = ["Rule", "rule_parameter", "slower"]


@dataclass(frozen=True, eq=False, repr=False)
class Rule:
    r"""How weights change with the activities, as text: the one place where the rule is written down.

    The continuous-time form (Brian2 strings), the per-trial update (NumPy), the exact Jacobian and the LaTeX are all
    made from these expressions.

    Parameters
    ----------
    dW : mapping of str to str
        For every weight of the model the expression of its change, per ms in continuous time and per trial in trials.
        Names that may occur: the activities (``E``, ``I``), their set points (``E_set``, ``I_set``), the weights
        (``W_EE`` ...), the model's and the rule's own parameters, and ``W_EE_up`` ...: the weights of the set point
        about which a rule was expanded, constants that `at` fills in.
    parameters : mapping of str to float or ndarray
        The rule's own parameters; arrays broadcast with the weights at which a rule is examined.
    source : str
        Where the rule comes from.
    name : str
        What it is called.
    closed_form : callable, optional
        ``closed_form(model, parameters, W_EE, W_IE)`` gives trace and determinant of the synaptic 2 x 2 problem, or all
        nonzero eigenvalues; see `spikelearn.rules.closed_forms`. It belongs to these expressions: a copy with other
        ones has none, unless it is given its own.

    Raises
    ------
    ValueError
        An expression is not arithmetic, or a parameter is not finite or has a reserved name.

    Examples
    --------
    >>> from spikelearn.models.ei_rate.model import EIRates
    >>> rule = Rule(
    ...     dW={
    ...         "W_EE": "rate*E*(E_set - E)",
    ...         "W_EI": "-rate*I*(E_set - E)",
    ...         "W_IE": "rate*E*(I_set - I)",
    ...         "W_II": "-rate*I*(I_set - I)",
    ...     },
    ...     parameters={"rate": 0.02},
    ... )
    >>> step = rule.update(EIRates())
    >>> [round(float(change), 3) for change in step(4.0, 15.0, 5.0, 1.0, 10.0, 1.5)]
    [0.08, -0.3, -0.08, 0.3]
    >>> rule.latex("W_EE")
    'E rate \\left(- E + E_{set}\\right)'
    """

    dW: Mapping[str, str]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    name: str = "Rule"
    closed_form: Callable[..., Any] | None = None
    _closed_for: tuple[Any, Mapping[str, str]] | None = field(default=None)

    def __post_init__(self) -> None:
        if not isinstance(self.dW, Mapping) or not self.dW:
            raise TypeError(f"Rule.dW must map weights to expressions, got {self.dW!r}")
        for weight, text in self.dW.items():
            check_expression(text, f"Rule.dW[{weight!r}]")
        if not isinstance(self.parameters, Mapping):
            raise TypeError(f"Rule.parameters must map names to numbers, got {self.parameters!r}")
        checked = {}
        for name, value in self.parameters.items():
            if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
                raise ValueError(f"Rule.parameters must have names that formulas can use, got {name!r}")
            if name in RESERVED or name.startswith("xi_"):
                raise ValueError(f"Rule.parameters must not use the name {name!r}, which means something in equations")
            array = rule_parameter(f"Rule.parameters[{name!r}]", value)
            checked[name] = float(array) if array.ndim == 0 else array
        object.__setattr__(self, "dW", dict(self.dW))
        known = self._closed_for
        if known is not None and known[0] is self.closed_form and known[1] != self.dW:
            object.__setattr__(self, "closed_form", None)
        stamp = None if self.closed_form is None else (self.closed_form, self.dW)
        object.__setattr__(self, "_closed_for", stamp)
        object.__setattr__(self, "parameters", checked)

    def __repr__(self) -> str:
        numbers = ", ".join(f"{k}={v if np.ndim(v) else format(v, 'g')}" for k, v in self.parameters.items())
        return f"{self.name}({numbers}): " + "; ".join(f"d{w} = {text}" for w, text in self.dW.items())

    def _repr_latex_(self) -> str:
        return latex_display(self.latex())

    @property
    def label(self) -> str:
        """What error messages call it: "Rule" and its name, where it has one."""
        return "Rule" if self.name == "Rule" else f"Rule {self.name}"

    def expressions(self, model: RateModel) -> dict[str, Any]:
        """Give the SymPy expression of every weight's change, in the model's order of weights.

        Symbols are plain, ``sympy.Symbol("E")``, as in ``DerivedRule.expressions``.

        Raises
        ------
        ValueError
            A weight has no expression or is none of the model's, or an expression uses an unknown name.
        """
        return {weight: plain(change) for weight, change in self.real_expressions(model).items()}

    def real_expressions(self, model: RateModel) -> dict[str, Any]:
        """Give the same in real symbols, over which abs() has a derivative: NumPy functions are made of these."""
        for weight in self.dW:
            if weight not in model.weights:
                raise ValueError(unknown_name(f"{self.label}.dW", "weight", weight, model.weights))
        missing = [weight for weight in model.weights if weight not in self.dW]
        if missing:
            raise ValueError(f"{self.label}.dW must have one expression a weight, got none for {missing[0]}")
        names = self._names(model)
        return {w: parse_expression(self.dW[w], names, f"{self.label}.dW[{w!r}]") for w in model.weights}

    def _names(self, model: RateModel) -> list[str]:
        own = [*model.populations, *model.weights, *model.parameters]
        clash = sorted(set(own) & set(self.parameters))
        if clash:
            raise ValueError(f"{self.label} must not rename the model's {clash[0]!r}")
        return [*own, *(f"{weight}_up" for weight in model.weights), *self.parameters]

    @property
    def setpoint_names(self) -> tuple[str, ...]:
        """The names such as ``W_IE_up`` that are still to be filled in by `at`."""
        used = set().union(*(names_in(text) for text in self.dW.values()))
        return tuple(
            sorted(
                n for n in used if n.removesuffix("_up") in self.dW and n.endswith("_up") and n not in self.parameters
            )
        )

    def at(self, model: Any, *, W_EE: Any, W_IE: Any) -> Rule:
        """Fill in the set-point weights about which the rule was expanded; other rules come back as they are.

        Parameters
        ----------
        model : EIRates
            Gives W_EI and W_II by ``model.setpoint_weights``.
        W_EE, W_IE : float
            The free weights of the set point.
        """
        needed = self.setpoint_names
        if not needed:
            return self
        weights = model.setpoint_weights(W_EE, W_IE)._asdict()
        filled = {name: weights[name.removesuffix("_up")] for name in needed}
        closed = self.closed_form and functools.partial(_closed_at, self.label, self.closed_form, weights)
        return dataclasses.replace(self, parameters={**self.parameters, **filled}, closed_form=closed)

    def update(self, model: RateModel) -> Callable[..., list[Any]]:
        """Make the per-trial update: a function of activities and weights that gives the change of every weight.

        Parameters
        ----------
        model : RateModel
            Gives the names, their order and the parameters.

        Returns
        -------
        callable
            ``step(E, I, W_EE, W_EI, W_IE, W_II)`` with floats or arrays that broadcast; a list of changes in the
            order of ``model.weights``.

        Raises
        ------
        ValueError
            The rule was expanded about a set point that `at` has not filled in.
        """
        self._require_filled()
        arguments = [*model.populations, *model.weights]
        constants = {**model.parameters, **self.parameters}
        function = numpy_function([*arguments, *constants], self.real_expressions(model).values())
        values = tuple(constants.values())

        def step(*state: Any) -> list[Any]:
            if len(state) != len(arguments):
                raise TypeError(f"the update of a rule must get {', '.join(arguments)}, got {len(state)} values")
            arrays = [np.asarray(part, dtype=np.float64) for part in state]
            shape = np.broadcast_shapes(*(part.shape for part in arrays))
            return [
                np.broadcast_to(change, shape) if np.ndim(change) == 0 else change
                for change in function(*arrays, *values)
            ]

        return step

    def jacobian(self, model: RateModel) -> Any:
        """Give the exact derivatives of all changes by activities, then weights: a SymPy matrix.

        Its shape is (weights, populations + weights); symbols are plain.
        """
        import sympy

        columns = [symbol(name) for name in (*model.populations, *model.weights)]
        return plain(sympy.Matrix(list(self.real_expressions(model).values())).jacobian(columns))

    def weight_equations(self, model: RateModel) -> str:
        """Give the continuous-time rule as Brian2 equations, one a weight; time constants and rates count in ms.

        Raises
        ------
        ValueError
            The rule was expanded about a set point that `at` has not filled in.
        """
        from brian2.parsing.sympytools import sympy_to_str

        self._require_filled()
        return "\n".join(f"d{w}/dt = ({sympy_to_str(e)})/ms : 1" for w, e in self.expressions(model).items())

    def brian_equations(self, model: Any) -> str:
        """Give model and rule as one set of Brian2 equations, to be run with `namespace`.

        Parameters
        ----------
        model : RateModel
            With ``neural_equations``, as `EIRates` has them.

        Examples
        --------
        >>> from spikelearn.models.ei_rate.model import EIRates
        >>> from spikelearn.rules import CrossHomeostatic
        >>> rule = CrossHomeostatic(alpha_EE=1e-4, alpha_EI=1e-4, alpha_IE=1e-4, alpha_II=1e-4)
        >>> print(rule.brian_equations(EIRates()).splitlines()[2])
        dW_EE/dt = (E*alpha_EE*(-I + I_set))/ms : 1
        """
        return f"{model.neural_equations}\n{self.weight_equations(model)}"

    def namespace(self, model: RateModel) -> dict[str, Any]:
        """Give every constant that `brian_equations` uses, for ``session.run(..., namespace=...)``."""
        from brian2 import ms

        for name, value in self.parameters.items():
            if np.ndim(value) > 0:
                raise ValueError(f"{self.label}: {name} must be one number to run, got shape {np.shape(value)}")
        return {**model.parameters, **self.parameters, "ms": ms}

    def latex(self, weight: str | None = None) -> str:
        """Give the rule in LaTeX: one expression, or all equations aligned.

        Parameters
        ----------
        weight : str, optional
            One weight; without it all.
        """
        import sympy

        if weight is not None:
            if weight not in self.dW:
                raise ValueError(unknown_name(f"{self.label}.dW", "weight", weight, self.dW))
            return str(sympy.latex(parse_expression(self.dW[weight], None, f"Rule.dW[{weight!r}]")))
        lines = [rf"\frac{{d{sympy.latex(symbol(w))}}}{{dt}} &= {self.latex(w)}" for w in self.dW]
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def _require_filled(self) -> None:
        needed = self.setpoint_names
        if needed:
            raise ValueError(
                f"{self.label} is expanded about a set point and needs {', '.join(needed)}; "
                "give it with rule.at(model, W_EE=..., W_IE=...)"
            )


def rule_parameter(where: str, value: Any) -> NDArray[np.float64]:
    """Read a rate or another parameter of a rule: a finite number, or an array of them.

    Raises
    ------
    ValueError
        It is no number, or not finite.
    """
    value = bare(value, where)
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{where} must be a number or an array of numbers, got {value!r}") from error
    if not np.isfinite(array).all():
        raise ValueError(f"{where} must be finite, got {value}")
    return array


def _closed_at(
    label: str, closed_form: Callable[..., Any], point: Any, model: Any, parameters: Any, W_EE: Any, W_IE: Any
) -> Any:
    """Apply the closed form of a rule that was filled in at one set point, and at no other."""
    ee, ie = point["W_EE"], point["W_IE"]
    if not (np.all(np.equal(W_EE, ee)) and np.all(np.equal(W_IE, ie))):
        raise ValueError(
            f"{label} was filled in at W_EE = {ee}, W_IE = {ie}, and its closed form holds only there; use method='qss'"
        )
    return closed_form(model, parameters, W_EE, W_IE)


def slower(rule: Rule, factor: float) -> Rule:
    """Give the rule with every rate multiplied and every time constant divided by `factor`."""
    changed = {k: v / factor if k.startswith("tau") else v * factor for k, v in rule.parameters.items()}
    return dataclasses.replace(rule, parameters=changed)
