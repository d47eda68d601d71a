"""Regions of stability of the homeostatic family: Figs. S8 to S12, as printed and in the non-paradoxical set.

Each panel shows the free weights W_EE and W_IE. Shaded are the valid set points (neurally stable, W_EI and W_II
positive): blue where the rule is stable in the quasi-steady state, sand where it is not. Strokes stand on the side of
a line where its condition holds. Fig. S12 is shown for both signs of the change of W_IE, since Eq. (15) prints one
and Eq. (16) belongs to the other (erratum E4); its panels for slow inhibition and slow excitation are swapped in the
print (E10), and the caption of Fig. S8 calls the upper right the top left (E9).
"""

import argparse
from pathlib import Path

import spikelearn as sl
from spikelearn.models.ei_rate.figure import stability_handles, stability_panel
from spikelearn.plotting import new_figure, save_figure

NAMES = ("alpha_EE", "alpha_EI", "alpha_IE", "alpha_II")


def rates(*values):
    return dict(zip(NAMES, values, strict=True))


def forced(alpha_1, alpha_3, sign):
    return sl.rules.ForcedBalance(alpha_1=alpha_1, alpha_3=alpha_3, ie_sign=sign)


FIGURES = {
    "S8": [
        ("Homeostatic, all rates 0.02", sl.rules.Homeostatic(**rates(0.02, 0.02, 0.02, 0.02))),
        ("Homeostatic, slow inhibition (IE, II 0.0002)", sl.rules.Homeostatic(**rates(0.02, 0.02, 2e-4, 2e-4))),
    ],
    "S9": [("CrossHomeostatic, all rates 0.02", sl.rules.CrossHomeostatic(**rates(0.02, 0.02, 0.02, 0.02)))],
    "S10": [
        (f"TwoTerm, alpha {a:g}, beta {b:g}", sl.rules.TwoTerm(alpha=a, beta=b))
        for a, b in ((0.02, 0.005), (0.02, 0.02), (2e-4, 0.02))
    ],
    "S11": [
        ("SynapticScaling, all rates 0.02", sl.rules.SynapticScaling(**rates(0.02, 0.02, 0.02, 0.02))),
        ("slow inhibition (IE, II 0.002)", sl.rules.SynapticScaling(**rates(0.02, 0.02, 0.002, 0.002))),
        ("slow excitation (EE, EI 0.002)", sl.rules.SynapticScaling(**rates(0.002, 0.002, 0.02, 0.02))),
    ],
    "S12": [
        (f"ForcedBalance, a1 {a1:g}, a3 {a3:g}, sign {sign:+d}", forced(a1, a3, sign))
        for sign in (-1, 1)
        for a1, a3 in ((0.02, 0.02), (0.02, 2e-4), (2e-4, 0.02))
    ],
}
MODELS = {"table_1": sl.EIRates(), "non_paradoxical": sl.EIRates.non_paradoxical()}


def draw(name, panels, model, model_name):
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure = new_figure(max(4.6 * columns, 6.5), 4.3 * rows + 0.9)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    shares = [
        stability_panel(a, model, rule, title, legend=False) for a, (title, rule) in zip(axes, panels, strict=True)
    ]
    source = {"table_1": "parameters of Table 1", "non_paradoxical": "the non-paradoxical parameters"}[model_name]
    figure.suptitle(
        f"Soldado-Magraner et al. 2022, Fig. {name}; {source}\nstrokes stand on the side where a condition holds",
        fontsize="medium",
    )
    figure.legend(
        handles=stability_handles(),
        frameon=False,
        fontsize=8,
        loc="outside lower center",
        ncols=3 if columns < 3 else 5,
    )
    return figure, shares


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("output"))
    output = parser.parse_args().output
    print(f"{'figure':<6s} {'parameters':<16s} {'panel':<48s} stable share of the valid region")
    for model_name, model in MODELS.items():
        for name, panels in FIGURES.items():
            figure, shares = draw(name, panels, model, model_name)
            for (title, _), share in zip(panels, shares, strict=True):
                print(f"{name:<6s} {model_name:<16s} {title:<48s} {100 * share:6.2f} %")
            save_figure(figure, output / f"ei_{name}_{model_name}.png")


if __name__ == "__main__":
    main()
