"""What parts show of themselves in a notebook: tables of their fields, with nothing a browser would take for markup."""

import dataclasses
import re

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.parameters.shapes import fields_html


def cells(shown):
    """Give caption and rows of a table."""
    caption = re.fullmatch(r"<table><caption>(.*?)</caption>(.*)</table>", shown, flags=re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", caption[2], flags=re.DOTALL)
    return caption[1], [re.findall(r"<t[dh]>(.*?)</t[dh]>", row, flags=re.DOTALL) for row in rows]


def test_a_neuron_is_a_table_of_its_parameters():
    caption, rows = cells(sl.AdaptiveLIF(tau_K="80 ms", delta_g=0.3)._repr_html_())
    assert caption == "AdaptiveLIF"
    assert rows[0] == ["name", "value", "what"]
    assert [row[0] for row in rows[1:]] == ["V_0", "delta_g", "tau_K", "t_d", "tau", "E_L", "E_K", "V_th"]
    assert rows[3] == ["tau_K", "80. ms", "decay time of the potassium conductance"]
    assert rows[2][1] == "0.3"
    caption, rows = cells(sl.EIRates(g_E=0.5)._repr_html_())
    assert (caption, rows[0], rows[1]) == ("EIRates", ["name", "value"], ["g_E", "0.5"])
    assert len(rows) == 1 + len(dataclasses.fields(sl.EIRates))


def test_text_is_no_markup_and_arrays_are_told_by_their_shape():
    neuron = sl.EquationNeuron("dv/dt = -v/(10*ms) : volt", threshold="v < 3*mV", reset="v = 0*mV")
    _, rows = cells(neuron._repr_html_())
    assert next(row[:2] for row in rows if row[0] == "threshold") == ["threshold", "v &lt; 3*mV"]

    @dataclasses.dataclass
    class Part:
        W: np.ndarray
        text: str
        hidden: float = dataclasses.field(default=1.0, repr=False)

    caption, rows = cells(fields_html(Part(np.zeros((3, 4)), "a  b\n" * 40)))
    assert (caption, rows[:2]) == ("Part", [["name", "value"], ["W", "array of shape (3, 4)"]])
    assert len(rows) == 3
    assert len(rows[2][1]) == 80
    assert rows[2][1].endswith(" ...")


def test_a_verdict_is_a_table():
    rule = sl.rules.CrossHomeostatic(alpha_EE=0.02, alpha_EI=0.02, alpha_IE=0.02, alpha_II=0.02)
    one = sl.stability(sl.EIRates(), rule, W_EE=5.0, W_IE=10.0)
    caption, rows = cells(one._repr_html_())
    assert caption == "Stability (qss)"
    assert rows[1] == ["stable", "yes"]
    assert sl.Stability.__dataclass_fields__["sensor"].default == one.sensor == 1.0, "there is none"
    assert rows[-1] == ["eigenvalues", ", ".join(f"{value:.4g}" for value in one.eigenvalues)]
    many = sl.stability(sl.EIRates(), rule, W_EE=np.array([0.5, 5.0, 6.0]), W_IE=10.0)
    _, rows = cells(many._repr_html_())
    told = dict(row for row in rows[1:])
    assert told["stable"] == f"{many.stable.sum()} of 3"
    assert told["valid"] == f"{many.valid.sum()} of 3"
    assert float(told["stable of the valid"]) == pytest.approx(many.stable_fraction, rel=1e-2)


@pytest.mark.parametrize("module", [sl, sl.sources])
def test_every_part_of_the_first_rank_shows_itself(module):
    found = [getattr(module, name) for name in module.__all__]
    parts = [part for part in found if isinstance(part, type) and dataclasses.is_dataclass(part)]
    assert len(parts) > 6
    helpers = {"BoundedRate", "SinusoidalRate", "StepKernel", "StepRate"}
    for part in parts:
        shown = hasattr(part, "_repr_html_") or hasattr(part, "_repr_latex_")
        assert shown or part.__name__ in helpers, f"{part.__name__} must show itself in a notebook"
