"""Names that no parameter, weight or population may have, since they mean something else in equations."""

from __future__ import annotations

import itertools

__all__ = ["FUNCTION_NAMES", "KINKED", "LOSS_RESERVED", "RESERVED", "UNIT_NAMES"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PREFIXES = ("", *"yzafpnumcdhkMGTPEZY", "da")
_BASE_UNITS = _words(
    "amp ampere becquerel candle coulomb farad gram gramme gray henry hertz joule katal kelvin kilogram kilogramme "
    "liter litre lumen lux meter metre mol molar mole newton ohm pascal radian second siemens sievert steradian tesla "
    "volt watt weber"
)
# Brian2 knows these symbols only; others, such as S alone, are free.
_SYMBOLS = _words("Hz kHz MHz mA nA pA uA mM nM uM mV mm cm um ms us nF pF uF nS uS")
_UNITS = _SYMBOLS | {prefix + unit for prefix, unit in itertools.product(_PREFIXES, _BASE_UNITS)}

UNIT_NAMES = frozenset(name + power for name in _UNITS for power in ("", "2", "3"))
"""Units of Brian2, with prefixes and powers: a parameter of such a name would be read as the unit."""

FUNCTION_NAMES = _words(
    "abs arccos arcsin arctan ceil clip cos cosh exp expm1 exprel floor int log log10 log1p poisson rand randn "
    "sign sin sinh sqrt tan tanh timestep"
)
"""Functions of Brian2."""

_INTERNAL = _words(
    "N N_pre N_post N_incoming N_outgoing dt e false i inf infinity j lastspike nan not_refractory pi "
    "refractory spikespace t t_in_timesteps true xi False None True and or not if else for in is lambda"
)

RESERVED = UNIT_NAMES | FUNCTION_NAMES | _INTERNAL
"""Names of Brian2's units, functions, constants and internal variables (N is the size of a group), and of the text."""

KINKED = {
    **dict.fromkeys(("abs", "Abs", "fabs"), "abs"),
    **dict.fromkeys(("max", "Max", "maximum", "min", "Min", "minimum"), "max"),
    **dict.fromkeys(("sign", "sgn"), "sign"),
    **dict.fromkeys(("Heaviside", "heaviside", "step", "int"), "step"),
    **dict.fromkeys(("floor", "ceil", "ceiling", "round", "trunc", "Mod", "mod"), "floor"),
    **dict.fromkeys(("Piecewise", "piecewise", "where"), "piecewise"),
    **dict.fromkeys(("clip", "relu", "ReLU"), "rectifier"),
}
"""Functions with a kink, and which: losses have no derivative there, and name a remedy."""

LOSS_RESERVED = RESERVED | {"alpha", *KINKED}
"""What no population, weight or parameter of a loss may have as its name: alpha is the learning rate of its rule."""
