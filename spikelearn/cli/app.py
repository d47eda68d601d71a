"""The command line: its commands, and how they end.

Only light modules are imported here; each command imports what it needs, so that help comes at once. A new command is
a file in `spikelearn.cli.commands`, whose function gives an `Answer`, and one line below.
"""

from __future__ import annotations

import contextlib
import functools
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from spikelearn.cli.answers import Answer, Commands
from spikelearn.cli.commands.analyse import analyse
from spikelearn.cli.commands.completion import complete, completion
from spikelearn.cli.commands.derive import derive
from spikelearn.cli.commands.fit import fit
from spikelearn.cli.commands.new import copy, new
from spikelearn.cli.commands.run import run
from spikelearn.cli.long_runs import long_runs
from spikelearn.cli.options import Engine, Name, Quiet, Target, YesLong
from spikelearn.cli.warned import plain_warnings
from spikelearn.compiled import silent

__all__ = ["app", "main"]

app = Commands(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Spiking neurons, networks and spike-train analyses with formulas beside the numbers.",
)

_INTERRUPTED = "interrupted; nothing was written"
# With these nothing is said of compilation.
_QUIET = frozenset({"--quiet", "-q", "--json"})


@app.command("list")
def list_configurations() -> Answer:
    """List the configurations of the catalogue."""
    from spikelearn.cli.catalogue import listing

    return listing()


@app.command()
def show(name: Name) -> Answer:
    """Show a configuration: parameters, run settings, source and expected values."""
    from spikelearn.cli.catalogue import description

    return description(name)


@app.command()
def systems(
    name: Annotated[str | None, typer.Argument(help="One system, described; all, a line each, if not given.")] = None,
) -> Answer:
    """List the systems, or one system's parameters, units, defaults, quantities and formulas."""
    from spikelearn.cli.catalogue import system_listing, system_text

    return system_listing() if name is None else system_text(name)


app.command()(run)


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Names or model files; all names if none is given.")] = None,
    engine: Engine = None,
    target: Target = "auto",
    report: Annotated[
        Path | None, typer.Option(help="Write a page with every claim, formula, value and figure into this folder.")
    ] = None,
    tests: Annotated[
        bool,
        typer.Option("--tests", help="For the page, also run the tests that the ledger names: a checkout has them."),
    ] = False,
    claims: Annotated[
        list[str] | None,
        typer.Option(help="Only tests of claims that begin so, such as 'Gatsby 2021 Q1'; repeatable."),
    ] = None,
    yes_long: YesLong = False,
) -> Answer:
    """Compare configurations with their expected values; the exit status is 1 if any is off."""
    if report is not None:
        from spikelearn.cli.report import check_and_report

        with long_runs(yes_long):
            return check_and_report(
                report, names or [], engine=engine, target=target, tests=tests or bool(claims), claims=claims or []
            )
    if tests or claims:
        raise typer.BadParameter("--tests and --claims go with --report DIR, onto whose page they put what they found")
    from spikelearn.cli.catalogue import check_many

    verdicts, rows = [], []
    with long_runs(yes_long):
        for text, table, good in check_many(names or [], engine=engine, target=target):
            typer.echo(text)
            verdicts.append(good)
            rows += table
    if False in verdicts:
        return Answer("some values are off: see above", rows, status=1)
    return Answer("all as expected" if True in verdicts else "nothing to compare", rows)


app.command()(analyse)
app.command()(derive)
app.command()(fit)


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
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a store that must be there.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Compute points that failed before once more.")
    ] = False,
    status: Annotated[Path | None, typer.Option(help="Say how far the sweep in this folder has come.")] = None,
    quiet: Quiet = False,
) -> Answer:
    """Run the sweep of a model file over its grid; called again, it goes on where it was ended."""
    from spikelearn.cli import sweep as command
    from spikelearn.cli.sweep_table import sweep_rows

    if (name is None) == (status is None):
        raise typer.BadParameter("sweep must get a model file, or --status with the folder of a sweep")
    folder = status or store or Path("runs") / f"{Path(name or '').stem}-sweep"
    rows, facts, status_of_exit = functools.partial(sweep_rows, folder), {"folder": str(folder)}, 0
    if name is None:
        return Answer(command.status(folder), rows, facts)
    try:
        text = command.run_sweep(
            name, store, workers=workers, dask=dask, resume=resume, retry=retry_failed, progress=not quiet
        )
    except KeyboardInterrupt:
        text, status_of_exit = command.kept(folder), 130
        if not text:
            raise
    return Answer(text, rows, {**facts, "interrupted": bool(status_of_exit)}, status=status_of_exit)


@app.command()
def targets() -> Answer:
    """Say which engines and targets work on this machine, and why not."""
    from spikelearn.simulation.targets import target_status

    found = target_status()
    lines = [f"{row.name:24s} {'works' if row.works else 'does not work':14s} {row.reason}" for row in found]
    return Answer("\n".join(lines), [{"name": row.name, "works": row.works, "reason": row.reason} for row in found])


app.command()(new)
app.command()(copy)
app.command()(completion)
app.command(hidden=True)(complete)


@app.callback(invoke_without_command=True)
def version(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Spiking neurons, networks and spike-train analyses with formulas beside the numbers."""
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
    given = sys.argv[1:] if arguments is None else arguments
    own_process = arguments is None
    try:
        with (
            _terminated_like_interrupted(),
            silent(not _QUIET.isdisjoint(given)),
            plain_warnings() if own_process else contextlib.nullcontext(),
        ):
            status = app(args=arguments, prog_name="spikelearn", standalone_mode=False)
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


def _leave(message: str, status: int) -> NoReturn:
    typer.echo(f"spikelearn: {message}", err=True)
    raise SystemExit(status)


def _show_click_error(error: Any) -> int | None:
    if hasattr(error, "show") and hasattr(error, "exit_code"):
        if "NoArgs" in type(error).__name__:  # its message is the help
            error.show()
            return int(error.exit_code)
        place = getattr(getattr(error, "ctx", None), "command_path", "spikelearn")
        _leave(f"{' '.join(error.format_message().split()).rstrip('.')}; see {place} -h", int(error.exit_code))
    if type(error).__name__ == "DimensionMismatchError":  # Brian2's, by name: help must not load Brian2
        _leave(" ".join(str(error).split()), 2)
    if type(error).__name__ == "Abort":
        _leave(_INTERRUPTED, 130)
    return None


if __name__ == "__main__":
    main()
