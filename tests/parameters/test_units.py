import dataclasses
import time
from typing import Any

import numpy as np
import pytest
from brian2 import Hz, ms, mV, nS, second

from spikelearn.parameters.fields import quantity, validate_parameters
from spikelearn.parameters.names import nearest, unknown_name
from spikelearn.parameters.units import parse_quantity, seconds, si_value


@dataclasses.dataclass(frozen=True)
class Cell:
    tau: Any = quantity("10 ms", positive=True)
    slow: Any = quantity("1 s", positive=True, infinite=True)
    g: Any = quantity(0.05, nonnegative=True)

    def __post_init__(self):
        validate_parameters(self)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10 ms", 0.01),
        ("-65mV", -0.065),
        ("2 nS/mV", 2e-6),
        ("3 s**-1", 3.0),
        ("1e-3 V", 1e-3),
        (".5 Hz", 0.5),
        ("7", 7),
        ("20 \N{MICRO SIGN}V", 2e-5),
        ("20 \N{GREEK SMALL LETTER MU}s", 2e-5),
        ("3 s**-0.5", 3.0),
    ],
)
def test_text_becomes_the_quantity(text, value):
    assert float(np.asarray(parse_quantity(text))) == pytest.approx(value, rel=1e-15)


def test_units_are_kept():
    assert parse_quantity("2 nS/mV").dim == (nS / mV).dim
    assert parse_quantity("inf s") > 1e300 * ms


@pytest.mark.parametrize(
    "text", ["__import__('os')", "10 ms; 3", "10 __class__", "ms", "", "10 ms ms()", "1 2", "0x10 s"]
)
def test_only_numbers_and_units_are_read(text):
    with pytest.raises(ValueError, match=r"unknown unit|must start with a number|must read like"):
        parse_quantity(text)


def test_unknown_unit_names_the_nearest():
    with pytest.raises(ValueError, match="unknown unit 'mss'; did you mean 'ms'"):
        parse_quantity("10 mss")
    with pytest.raises(TypeError, match="must be text"):
        parse_quantity(None)


def test_defaults_become_quantities():
    assert Cell().tau == 10 * ms
    assert Cell(tau="3 ms", g=1).tau == 3 * ms
    assert np.isinf(float(Cell(slow="inf s").slow))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tau": -5 * ms}, r"Cell.tau must be positive, got -5. ms"),
        ({"tau": 0 * ms}, r"Cell.tau must be positive"),
        ({"tau": 100 * mV}, r"Cell.tau must be a time, such as '10 ms', got 100. mV"),
        ({"tau": np.nan * ms}, r"Cell.tau must be a number, got nan"),
        ({"tau": np.inf * ms}, r"Cell.tau must be finite"),
        ({"tau": "5 pigs"}, r"Cell.tau: '5 pigs' has the unknown unit 'pigs'"),
        ({"g": -0.1}, r"Cell.g must not be negative, got -0.1"),
        ({"g": 3 * ms}, r"Cell.g must be a pure number, got 3. ms"),
    ],
)
def test_each_rule_names_thing_rule_and_value(given, message):
    with pytest.raises(ValueError, match=message):
        Cell(**given)


def test_arrays_and_nonsense_are_type_errors():
    with pytest.raises(TypeError, match=r"Cell.tau must be one value, got an array of shape \(2,\)"):
        Cell(tau=[1, 2] * ms)
    with pytest.raises(TypeError, match=r"Cell.tau must be a number"):
        Cell(tau=object())


def test_plain_numbers_and_seconds():
    assert si_value([1, 2] * ms, "1 ms", "x").tolist() == [0.001, 0.002]
    assert seconds(5 * ms, "x") == 0.005
    assert seconds(np.float32(0.5), "x") == 0.5
    with pytest.raises(ValueError, match="x must be a time, such as '1 s'"):
        seconds(3 * Hz, "x")
    with pytest.raises(ValueError, match="x must be a finite time"):
        seconds(np.nan, "x")


def test_the_nearest_unit_differs_in_case_alone():
    for text, unit in (("20 mv", "mV"), ("20 HZ", "Hz"), ("20 NS", "nS")):
        with pytest.raises(ValueError, match=f"did you mean '{unit}'"):
            parse_quantity(text)


def test_many_names_are_cut_short():
    names = [f"model_{k:02d}" for k in range(30)]
    message = unknown_name("the catalogue", "configuration", "model_3", names, more="list shows all")
    assert "did you mean 'model_23'?" in message
    assert message.endswith(", ... (list shows all)")
    assert message.count("model_") == 10
    assert "..." not in unknown_name("x", "y", "z", names[:8], more="list shows all")


def test_true_is_no_time():
    with pytest.raises(TypeError, match="duration must be a time, got True"):
        seconds(True, "duration")


def test_nearest_ignores_case_when_it_must():
    assert nearest("V0", ["V_0", "V_th"]) == "V_0"
    assert nearest("TAUK", ["tau_K", "t_d"]) == "tau_K"
    assert nearest("zzz", ["tau_K"]) is None


@pytest.mark.parametrize("given", [5, 5.0, np.float64(5.0), "5", "5000 ms", 5 * second])
def test_a_plain_number_for_a_time_means_seconds(given):
    assert float(Cell(tau=given).tau) == 5.0
    assert si_value(given, "1 ms", "tau") == 5.0


@pytest.mark.parametrize("unit", ["1 mV", "1 Hz", "1 nS"])
def test_a_plain_number_for_anything_else_is_refused(unit):
    with pytest.raises(ValueError, match=r"V must .*, got 5"):
        si_value(5, unit, "V")


def test_long_text_that_is_no_number_is_refused_at_once():
    """Eight thousand digits and an underscore took ten seconds: every way of splitting them was tried."""
    begin = time.process_time()
    for text in ("1" * 8000 + "_", "1" * 8000 + " ms_", "1." + "0" * 8000 + "e"):
        with pytest.raises(ValueError, match="must|unit|quantity|number"):
            parse_quantity(text)
    assert time.process_time() - begin < 1.0


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("1 second", "a time, such as '1 s'"),
        ("20 mV", "a voltage, such as '20 mV'"),
        ("20 Hz", "a rate, such as '20 Hz'"),
        ("1 /ms", "a rate, such as '1 /ms'"),
        ("3 pA", "a current, such as '3 pA'"),
        ("2 nS", "a conductance, such as '2 nS'"),
        ("2 nS/cm**2", "a conductance per area, such as '2 nS/cm**2'"),
        ("1 V**2", "a quantity, such as '1 V**2'"),
    ],
)
def test_what_is_needed_is_said_in_words_with_an_example(unit, words):
    with pytest.raises(ValueError) as wrong:
        si_value("1 kelvin", unit, "it")
    assert str(wrong.value) == f"it must be {words}, got 1 kelvin"
    with pytest.raises(TypeError) as no_number:
        si_value(object, unit, "it")
    assert str(no_number.value) == f"it must be a number: {words}, got <class 'object'>"
    with pytest.raises(ValueError, match=r"^it must be a pure number, got 1 kelvin$"):
        si_value("1 kelvin", "1", "it")
