"""The width study in the catalogue: files agree three ways, are kept, drawn, and wrong ones are named."""

import numpy as np
import pytest

from spikelearn import catalogue
from spikelearn.models.tangent_kernel.measures import outside, run_study
from spikelearn.models.tangent_kernel.width import WidthStudy, slopes

HEAD = 'title = "t"\n[model]\nsystem = "TangentKernel"\n[model.parameters]\nwidths = [32, 64]\nn_seeds = 2\n'


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tangent_widths", "tangent_widths_relu"])
def test_files_agree_three_ways(name):
    assert set(catalogue.check(name)["verdict"]) == {"ok"}


def test_a_file_runs_is_kept_and_drawn(tmp_path):
    (tmp_path / "own.toml").write_text(HEAD + 'phi = "x/sqrt(1 + x**2)"\ndepth = 3\ndescent_up_to = 64\n')
    configuration = catalogue.load(tmp_path / "own.toml")
    recording = catalogue.run(configuration)
    assert recording.spikes is None
    assert recording.provenance["engine"] == "array"
    again = type(recording).load(recording.save(tmp_path / "run"))
    np.testing.assert_array_equal(again.traces["residual"], recording.traces["residual"])
    figure = configuration.system.figure(configuration.model, recording, configuration.title)
    assert len(figure.axes) == 4
    quantities, formulas = configuration.system.quantities, configuration.system.formulas
    fitted = slopes(recording.traces)
    assert quantities["residual"].function(configuration.model, recording) == fitted["residual"].value
    expected = [fitted[f"delta_w_{k}"].value for k in (1, 2, 3)]
    np.testing.assert_array_equal(quantities["delta_w"].function(configuration.model, recording), expected)
    assert formulas["delta_w"].function(configuration.model).tolist() == [-1.5] * 3
    assert formulas["descent_distance"].function(configuration.model) == -0.5


def test_exponents_that_are_wrong_are_counted():
    study = WidthStudy(widths=(64, 128, 256), n_seeds=4, descent_up_to=0)
    recording = run_study(study)
    few = outside(study, recording)
    # Eight exponents are fitted; a table multiplied by n has every one of them one too large.
    recording.traces.update(recording.traces * recording.traces["width"])
    assert few <= 1
    assert outside(study, recording) >= 7


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (HEAD + "depht = 2\n", "no parameter 'depht'; did you mean 'depth'"),
        (HEAD + "n_examples = 0\n", r"WidthStudy\.n_examples must be at least 1"),
        (HEAD + 'phi = "abs(x)"\n', r"TangentKernel\.phi must be differentiable"),
        (HEAD + '[run]\nduration = "1 s"\n', "no key 'duration'"),
    ],
)
def test_wrong_files_are_named(tmp_path, text, match):
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(ValueError, match=match):
        catalogue.load(tmp_path / "wrong.toml")


def test_only_the_array_engine_and_measured_quantities():
    configuration = catalogue.load("tangent_widths")
    with pytest.raises(ValueError, match="no engine 'brian2'"):
        catalogue.run(configuration, engine="brian2")
    study = WidthStudy(widths=(32, 64), n_seeds=2, descent_up_to=32)
    with pytest.raises(ValueError, match="descent_distance must be measured at two widths or more; raise"):
        configuration.system.quantities["descent_distance"].function(study, run_study(study))
