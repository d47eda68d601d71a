"""The share of stable set points against areas that are computed otherwise: exact polygons, and one integral."""

from fractions import Fraction

import numpy as np
import pytest

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.models.ei_rate.measures import GRID
from spikelearn.models.ei_rate.share import stable_share
from spikelearn.models.ei_rate.stability import grid_axes

EQUAL = dict.fromkeys(("alpha_EE", "alpha_EI", "alpha_IE", "alpha_II"), 0.02)


def exactly(value):
    return Fraction(str(float(value)))


class Hand:
    """Eqs. (19) and (22) to (26) in exact fractions; every condition is a line in the plane of W_EE and W_IE."""

    def __init__(self, model):
        for name in ("g_E", "g_I", "tau_E", "tau_I", "E_set", "I_set", "Theta_E", "Theta_I", "I_ext"):
            setattr(self, name, exactly(getattr(model, name)))

    def x(self, ee):
        return self.g_E * ee - 1

    def y(self, ie):
        return self.g_I * self.W_II(ie) + 1

    def W_II(self, ie):
        return (self.E_set * ie - self.Theta_I) / self.I_set - 1 / self.g_I

    def W_EI(self, ee):
        return (self.x(ee) * self.E_set - self.g_E * (self.Theta_E - self.I_ext)) / (self.g_E * self.I_set)

    def C(self, ee, ie):
        return self.g_E * self.g_I * self.W_EI(ee) * ie - self.x(ee) * self.y(ie)

    def valid(self):
        return [
            self.C,
            lambda ee, ie: self.y(ie) * self.tau_E - self.x(ee) * self.tau_I,
            lambda ee, ie: self.W_EI(ee),
            lambda ee, ie: self.W_II(ie),
        ]

    def homeostatic(self, P_E, P_I):
        return [lambda ee, ie: self.y(ie) * self.g_E * P_E - self.x(ee) * self.g_I * P_I]

    def two_term(self, a, b):
        gain = self.g_E * self.g_I
        return [lambda ee, ie: a * gain * (self.W_EI(ee) + ie) - b * (self.x(ee) * self.g_I - self.y(ie) * self.g_E)]

    def forced_balance(self, a_1, a_3, sign):
        """Eigenvalues mu - r, where the mu are those of M^-1 diag(first, second): trace below, determinant above 0."""
        r = a_1 * self.g_E * self.g_I * self.E_set * self.I_set
        return self._held(a_1, a_3, sign, r)

    def _held(self, a_1, a_3, sign, r):
        first, second = a_1 * (self.g_E * self.E_set) ** 2, sign * a_3 * (self.g_I * self.E_set) ** 2

        def trace(ee, ie):
            return self.x(ee) * second - self.y(ie) * first

        return [
            lambda ee, ie: 2 * r * self.C(ee, ie) - trace(ee, ie),
            lambda ee, ie: first * second - r * trace(ee, ie) + r * r * self.C(ee, ie),
        ]


def clipped(polygon, margin):
    """The part of a convex polygon where a linear margin is positive."""
    kept = []
    for (a, b), (c, d) in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
        here, there = margin(a, b), margin(c, d)
        if here > 0:
            kept.append((a, b))
        if here * there < 0:
            t = here / (here - there)
            kept.append((a + t * (c - a), b + t * (d - b)))
    return kept


def area(polygon):
    return abs(sum(a * d - c * b for (a, b), (c, d) in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True))) / 2


BOX = [(Fraction(a), Fraction(b)) for a, b in ((0, 0), (10, 0), (10, 20), (0, 20))]


def exact_share(valid, rule):
    for margin in (*valid, *rule):
        # Linear: in the middle of the box it is the mean of what it is at two opposite corners.
        assert margin(*BOX[0]) + margin(*BOX[2]) == 2 * margin(Fraction(5), Fraction(10))
        assert margin(*BOX[1]) + margin(*BOX[3]) == 2 * margin(Fraction(5), Fraction(10))
    region = BOX
    for margin in valid:
        region = clipped(region, margin)
    whole = area(region)
    for margin in rule:
        region = clipped(region, margin)
    return area(region) / whole


TABLE_1, OTHER = sl.EIRates(), sl.EIRates.non_paradoxical()
RATE = Fraction(2, 100)
CASES = {
    "ei_s8_equal_rates": lambda h: h(TABLE_1).homeostatic(RATE, RATE),
    "ei_s10_mostly_homeostatic": lambda h: h(TABLE_1).two_term(RATE / 100, RATE),
    "ei_s12_equal_rates_plus": lambda h: h(TABLE_1).forced_balance(RATE, RATE, 1),
    "ei_non_paradoxical_homeostatic": lambda h: h(OTHER).homeostatic(RATE, RATE),
    "ei_non_paradoxical_forced_balance": lambda h: h(OTHER).forced_balance(RATE / 100, RATE, -1),
}


@pytest.mark.parametrize("name", CASES)
def test_shares_are_areas_of_polygons(name):
    configuration = catalogue.load(name)
    case = configuration.model
    exact = exact_share(Hand(case.model).valid(), CASES[name](Hand))
    (literal,) = [e.value for e in configuration.expected if e.quantity == "stable_fraction"]
    assert literal == pytest.approx(float(exact), rel=1e-12)
    assert stable_share(case.model, case.rule) == pytest.approx(float(exact), abs=5e-6)
    assert stable_share(case.model, case.rule, method="qss") == pytest.approx(float(exact), abs=5e-6)


def column(ee, margins):
    """Length of the part of 0 < W_IE < 20 at one W_EE where margins that are linear in W_IE are all positive."""
    low, high = 0.0, 20.0
    for margin in margins:
        at_low, at_high = margin(ee, 0.0), margin(ee, 20.0)
        if at_low <= 0 and at_high <= 0:
            return 0.0
        if at_low * at_high < 0:
            cross = 20.0 * at_low / (at_low - at_high)
            low, high = (cross, high) if at_low < 0 and cross > low else (low, high)
            high = cross if at_high < 0 and cross < high else high
    return max(high - low, 0.0)


def test_the_share_under_scaling_is_an_integral():
    """Its boundary is curved, P_E goes with W_EE and P_I with W_IE; at one W_EE every margin is linear in W_IE."""
    from scipy.integrate import quad

    configuration = catalogue.load("ei_s11_slow_inhibition")
    case = configuration.model
    hand = Hand(case.model)
    for name in vars(hand):
        setattr(hand, name, float(getattr(hand, name)))

    def scaling(ee, ie):
        P_E = hand.E_set * 0.02 * ee + hand.I_set * 0.02 * hand.W_EI(ee)
        P_I = hand.E_set * 0.002 * ie + hand.I_set * 0.002 * hand.W_II(ie)
        return hand.y(ie) * hand.g_E * P_E - hand.x(ee) * hand.g_I * P_I

    edges = np.linspace(0, 10, 101)
    areas = [
        sum(quad(column, a, b, args=(margins,), epsabs=1e-12)[0] for a, b in zip(edges[:-1], edges[1:], strict=True))
        for margins in ([*hand.valid(), scaling], hand.valid())
    ]
    (literal,) = [e.value for e in configuration.expected if e.quantity == "stable_fraction"]
    assert literal == pytest.approx(areas[0] / areas[1], rel=1e-9)
    assert stable_share(case.model, case.rule) == pytest.approx(areas[0] / areas[1], abs=5e-6)


def test_the_share_is_what_finer_and_finer_grids_tend_to():
    rule = sl.rules.Homeostatic(**EQUAL)
    area = stable_share(TABLE_1, rule)
    off = [abs(sl.stability_map(TABLE_1, rule, *grid_axes(n), method="closed").attrs["stable_fraction"] - area)
           for n in (GRID, 4 * GRID)]  # fmt: skip
    assert off[1] < 1e-4 < off[0] < 1e-3


def test_every_share_of_one_or_none_is_so_to_the_last_digit():
    assert stable_share(TABLE_1, sl.rules.CrossHomeostatic(**EQUAL)) == 1.0
    assert stable_share(TABLE_1, sl.rules.SynapticScaling(**EQUAL)) == 0.0
    # Nothing is valid where the excitatory set point cannot be held.
    assert np.isnan(stable_share(TABLE_1.replace(Theta_E=500.0), sl.rules.CrossHomeostatic(**EQUAL)))


def test_what_stable_share_refuses():
    rule = sl.rules.CrossHomeostatic(**EQUAL)
    with pytest.raises(ValueError, match="stable_share.halvings must be at most 10, got 11"):
        stable_share(TABLE_1, rule, halvings=11)
    with pytest.raises(ValueError, match="method"):
        stable_share(TABLE_1, rule, method="best")
