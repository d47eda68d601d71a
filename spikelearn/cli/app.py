"""The command line: list, systems, show, run, check, sweep, derive, analyse, fit, targets.

Only light modules are imported here; each command imports what it needs, so that help comes at once.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Spiking neurons, networks and spike-train analyses with the formula beside every number.",
)

_INTERRUPTED = "interrupted; nothing was written"

Engine = Annotated[
    str | None, typer.Option("--engine", help="exact, brian2 or array; the best that applies if not given.")
]
Target = Annotated[
    str, typer.Option("--target", help="Brian2's target, on its engine: auto, numpy, cython or cpp_standalone.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Folder for figure, data and manifest [default: runs/NAME].")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")]
YesLong = Annotated[
    bool, typer.Option("--yes-long", help="Run also what needs more than an hour, or more memory than there is.")
]
Name = Annotated[str, typer.Argument(help="A name from 'spikelearn list', or a model file ending in .toml.")]


@app.command("list")
def list_configurations() -> None:
    """List the configurations of the catalogue."""
    from spikelearn.cli.catalogue import listing

    typer.echo(listing())


@app.command()
def show(name: Name) -> None:
    """Show a configuration: parameters, run settings, source and expected values."""
    from spikelearn.cli.catalogue import description

    typer.echo(description(name))


@app.command()
def systems(
    name: Annotated[str | None, typer.Argument(help="One system, described; all, a line each, if not given.")] = None,
) -> None:
    """List the systems, or one system's parameters, units, defaults, quantities and formulas."""
    from spikelearn.cli.catalogue import system_listing, system_text

    typer.echo(system_listing() if name is None else system_text(name))


@app.command()
def run(
    name: Name,
    output: Output = None,
    engine: Engine = None,
    target: Target = "auto",
    quiet: Quiet = False,
    yes_long: YesLong = False,
) -> None:
    """Run a configuration, compare it with its formulas, and write figure, data and manifest."""
    from spikelearn.cli.catalogue import run_and_write

    with _long_runs(yes_long):
        text, status = run_and_write(name, output, engine=engine, target=target, progress=not quiet)
    typer.echo(text)
    if status:
        raise SystemExit(status)


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Configurations; all if none is given.")] = None,
    engine: Engine = None,
    target: Target = "auto",
    yes_long: YesLong = False,
) -> None:
    """Compare configurations with their expected values; the exit status is 1 if any is off."""
    from spikelearn.cli.catalogue import check_many

    verdicts = []
    with _long_runs(yes_long):
        for text, good in check_many(names or [], engine=engine, target=target):
            typer.echo(text)
            verdicts.append(good)
    if False in verdicts:
        typer.echo("some values are off: see above")
        raise typer.Exit(1)
    typer.echo("all as expected" if True in verdicts else "nothing to compare")


@app.command()
def analyse(
    file: Annotated[
        str, typer.Argument(help="A .nwb, .csv, .tsv, .parquet or .mat file, or a folder of 'run' or Phy.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write [default: runs/NAME-analysis].")
    ] = None,
    units: Annotated[tuple[int, int] | None, typer.Option(help="The pair for PSTH, correlogram and JPSTH.")] = None,
    bin_size: Annotated[str | None, typer.Option(help="Width of the bins, such as '10 ms'.")] = None,
    stimulus: Annotated[Path | None, typer.Option(help="A .npy or .csv file, one row a frame, for the STA.")] = None,
    stimulus_dt: Annotated[str | None, typer.Option(help="Length of a frame, such as '1 ms'.")] = None,
    t_start: Annotated[str | None, typer.Option(help="Begin of the window, if the file does not say.")] = None,
    t_stop: Annotated[str | None, typer.Option(help="End of the window, if the file does not say.")] = None,
    by_trial: Annotated[bool, typer.Option("--by-trial", help="Cut a file with trials into trials.")] = False,
    ids: Annotated[tuple[str, str] | None, typer.Option(help="The pair by ids instead of positions.")] = None,
    all_units: Annotated[str | None, typer.Option(help="All ids, silent units too, such as '1-8' or 'A3,B1'.")] = None,
    all_trials: Annotated[str | None, typer.Option(help="All trials, silent ones too, such as '1-100'.")] = None,
    unit_column: Annotated[str | None, typer.Option(help="Name of the column of units in a text file.")] = None,
    time_column: Annotated[str | None, typer.Option(help="Name of the column of times.")] = None,
    trial_column: Annotated[str | None, typer.Option(help="Name of the column of trials.")] = None,
    time_unit: Annotated[str | None, typer.Option(help="Unit of the times in a text or MATLAB file.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates columns, found if not given.")] = None,
    decimal: Annotated[str | None, typer.Option(help="The decimal sign of a text file.")] = None,
    sampling_rate: Annotated[str | None, typer.Option(help="Samples a second of a Phy folder.")] = None,
    crop: Annotated[bool, typer.Option("--crop", help="Leave out spikes beyond the window (NWB).")] = False,
) -> None:
    """Analyse recorded spikes: regularity, PSTH and JPSTH of a pair, STA given a stimulus."""
    from spikelearn.cli.analyse import analyse as analyse_file

    text = analyse_file(
        file,
        output,
        units=units,
        bin_size=bin_size,
        stimulus=stimulus,
        stimulus_dt=stimulus_dt,
        t_start=t_start,
        t_stop=t_stop,
        by_trial=by_trial,
        ids=ids,
        all_units=all_units,
        all_trials=all_trials,
        unit_column=unit_column,
        time_column=time_column,
        trial_column=trial_column,
        time_unit=time_unit,
        delimiter=delimiter,
        decimal=decimal,
        sampling_rate=sampling_rate,
        crop=crop,
    )
    typer.echo(text)


@app.command()
def derive(
    loss: Annotated[str, typer.Argument(help="Such as '(E_set - E)**2/2 + (I_set - I)**2/2'.")],
    approximation: Annotated[str, typer.Option(help="exact, small_weights, up_state or full.")] = "exact",
    set_value: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE of a parameter.")] = None,
    at: Annotated[list[str] | None, typer.Option(help="WEIGHT=VALUE at which stability is judged.")] = None,
    steady_state: Annotated[
        list[str] | None, typer.Option(help="POPULATION=FORMULA of a model of your own; repeat for each.")
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="LaTeX as well.")] = False,
    alpha: Annotated[float, typer.Option(help="Learning rate per ms or per trial.")] = 1e-6,
) -> None:
    """Derive a plasticity rule from a loss: formulas, Brian2 equations, stability."""
    from spikelearn.cli.derive import derivation

    text, passed = derivation(
        loss,
        approximation,
        settings=set_value or [],
        at=at or [],
        steady_state=steady_state or [],
        latex=latex,
        alpha=alpha,
    )
    typer.echo(text)
    if not passed:
        raise typer.Exit(1)


@app.command()
def sweep(
    name: Annotated[
        str | None, typer.Argument(help="A model file with a [sweep] table, or the name of a configuration.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes [default: all processors].")] = None,
    store: Annotated[
        Path | None, typer.Option(help="Folder of points, result and figure [default: runs/NAME-sweep].")
    ] = None,
    dask: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, instead of workers here.")] = None,
    status: Annotated[Path | None, typer.Option(help="Say how far the sweep in this folder has come.")] = None,
    quiet: Quiet = False,
) -> None:
    """Run the sweep of a model file over its grid; called again, it goes on where it was ended."""
    from spikelearn.cli import sweep as command

    if (name is None) == (status is None):
        raise typer.BadParameter("sweep must get a model file, or --status with the folder of a sweep")
    if status is not None:
        typer.echo(command.status(status))
    elif name is not None:
        typer.echo(command.run_sweep(name, store, workers=workers, dask=dask, progress=not quiet))


@app.command()
def fit(
    file: Annotated[
        str, typer.Argument(help="A .nwb, .csv, .tsv, .parquet or .mat file, or a folder of 'run' or Phy.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write [default: runs/NAME-fit].")
    ] = None,
    free: Annotated[str, typer.Option(help="Free parameters, with commas between them.")] = "V_0,delta_g,tau_K,t_d",
    given: Annotated[
        list[str] | None, typer.Option("--set", help="A start or fixed value, such as 'tau=12 ms'; may be repeated.")
    ] = None,
    unit: Annotated[int | None, typer.Option(help="Which unit, by position; all as one neuron if not given.")] = None,
    t_start: Annotated[str | None, typer.Option(help="Begin of the window, if the file does not say.")] = None,
    t_stop: Annotated[str | None, typer.Option(help="End of the window, if the file does not say.")] = None,
    starts: Annotated[int, typer.Option(help="Largest number of starts.")] = 10,
    seed: Annotated[int, typer.Option(help="Of the random starts.")] = 0,
) -> None:
    """Fit an adaptive LIF neuron to recorded spikes: estimates with errors, and a figure."""
    from spikelearn.cli.fit import fit_file

    typer.echo(
        fit_file(
            file, output, free=free, given=given or [], unit=unit, n_starts=starts, seed=seed, t_start=t_start,
            t_stop=t_stop,
        )
    )  # fmt: skip


@app.command()
def targets() -> None:
    """Say which engines and targets work on this machine, and why not."""
    from spikelearn.simulation.targets import target_status

    for row in target_status():
        typer.echo(f"{row.name:24s} {'works' if row.works else 'does not work':14s} {row.reason}")


@app.callback(invoke_without_command=True)
def version(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """Spiking neurons, networks and spike-train analyses with the formula beside every number."""
    if show_version:
        from spikelearn import __version__

        typer.echo(f"spikelearn {__version__}")
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: one clear line for what the user can mend, exit status 2; 130 after Ctrl-C or SIGTERM.

    Parameters
    ----------
    arguments : list of str, optional
        Instead of the process's own.
    """
    try:
        with _terminated_like_interrupted():
            status = app(args=arguments, standalone_mode=False)
    except KeyboardInterrupt:
        _leave(_INTERRUPTED, 130)
    except (ValueError, TypeError, OSError, ImportError, RuntimeError) as error:
        _leave(" ".join(str(error).split()) or type(error).__name__, 2)
    except MemoryError as error:
        _leave(f"not enough memory: {' '.join(str(error).split()) or 'take fewer neurons or a shorter run'}", 2)
    except Exception as error:  # click's own errors know how to show themselves
        known = _show_click_error(error)
        if known is None:
            raise
        raise SystemExit(known) from None
    # Without its standalone mode typer returns the status of an Exit instead of leaving, 130 after Ctrl-C.
    if status == 130:
        _leave(_INTERRUPTED, 130)
    if isinstance(status, int) and status:
        raise SystemExit(status)


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let a request to terminate, as batch systems send it, end a command as Ctrl-C does: tidily."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: Any) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _long_runs(allowed: bool) -> Iterator[None]:
    """Refuse runs that are announced as long, or say so and go on where that is allowed."""
    from spikelearn.simulation.size import LongRun

    with warnings.catch_warnings():
        warnings.simplefilter("always" if allowed else "error", LongRun)
        if allowed:
            warnings.showwarning = lambda message, *_: typer.echo(f"spikelearn: {message}", err=True)
        try:
            yield
        except LongRun as long:
            raise ValueError(f"{long}; give --yes-long to run it nevertheless") from long


def _leave(message: str, status: int) -> NoReturn:
    typer.echo(f"spikelearn: {message}", err=True)
    raise SystemExit(status)


def _show_click_error(error: Any) -> int | None:
    if hasattr(error, "show") and hasattr(error, "exit_code"):
        error.show()
        return int(error.exit_code)
    if type(error).__name__ == "DimensionMismatchError":  # Brian2's, by name: help must not load Brian2
        _leave(" ".join(str(error).split()), 2)
    if type(error).__name__ == "Abort":
        _leave(_INTERRUPTED, 130)
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
