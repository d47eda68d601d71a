"""What a command answers: text for people, JSON and CSV for programs, and an exit status."""

from __future__ import annotations

import contextlib
import csv
import functools
import inspect
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

__all__ = ["Answer", "Commands", "as_csv", "as_json"]

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, on one line.")]
Csv = Annotated[bool, typer.Option("--csv", help="Answer with the table as CSV.")]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose", "-v", count=True, show_default=False, help="Say on the error stream what is done; -vv: all of it."
    ),
]


@dataclass(frozen=True)
class Answer:
    """The answer of a command.

    Parameters
    ----------
    text : str
        For people; empty where the command has said everything while it worked.
    rows : sequence of mapping, or callable
        The table, all rows with the same names; a function that gives it, where making it takes time.
    facts : mapping
        What JSON has beside the table: numbers, text, lists and dicts.
    status : int
        The exit status: 0, or 1 for a miss.
    """

    text: str = ""
    rows: Sequence[Mapping[str, Any]] | Callable[[], Sequence[Mapping[str, Any]]] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    status: int = 0

    @property
    def table(self) -> list[dict[str, Any]]:
        """The table, in what JSON can hold."""
        rows = self.rows() if callable(self.rows) else self.rows
        return [_plain(dict(row)) for row in rows]


class Commands(typer.Typer):
    """The commands of an application, each of which takes --json, --csv and --verbose beside its own options."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # type: ignore[override]
        """Register a function that gives an `Answer`, or prints its text and gives nothing."""
        register = super().command(name, **settings)

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            register(_answering(name or function.__name__, function))
            return function

        return decorate


def _answering(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a command: three more options, and its answer in the form that was asked for."""
    signature = inspect.signature(function, eval_str=True)
    own = list(signature.parameters.values())
    more = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for key, kind, default in (("json_", Json, False), ("csv_", Csv, False), ("verbose_", Verbose, 0))
    ]

    @functools.wraps(function)
    def wrapped(*, json_: bool, csv_: bool, verbose_: int, **given: Any) -> None:
        if json_ and csv_:
            raise typer.BadParameter("give --json or --csv, not both")
        with _logging(verbose_):
            if not json_ and not csv_:
                answer = function(**given) or Answer()
                if answer.text:
                    typer.echo(answer.text)
            else:
                # What is said meanwhile is for people; warnings and bars go to the error stream anyway.
                with contextlib.redirect_stdout(io.StringIO()) as said:
                    try:
                        answer = function(**given) or _of_text(said.getvalue())
                    except typer.Exit as left:
                        answer = _of_text(said.getvalue(), left.exit_code)
                typer.echo(as_json(name, answer) if json_ else as_csv(answer), nl=json_)
        if answer.status:
            raise SystemExit(answer.status)

    wrapped.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *more]}
    return wrapped


def _of_text(text: str, status: int = 0) -> Answer:
    return Answer(rows=[{"line": line} for line in text.splitlines()], status=status)


@contextlib.contextmanager
def _logging(verbose: int) -> Iterator[None]:
    if not verbose:
        yield
        return
    from spikelearn.cli.logs import shown_logs

    with shown_logs(verbose):
        yield


def as_json(command: str, answer: Answer) -> str:
    """Write an answer as JSON: command, status, facts and the table; NaN becomes null, infinities text.

    Examples
    --------
    >>> as_json("list", Answer(rows=[{"value": float("nan"), "most": float("inf")}]))
    '{"command": "list", "status": 0, "table": [{"value": null, "most": "inf"}]}'
    """
    whole = {"command": command, "status": answer.status, **answer.facts, "table": answer.table}
    return json.dumps(_plain(whole), allow_nan=False)


def as_csv(answer: Answer) -> str:
    """Write the table of an answer as CSV; lists are written as JSON, what is missing is empty.

    Examples
    --------
    >>> print(as_csv(Answer(rows=[{"name": "a, b", "values": [1, 2]}])), end="")
    name,values
    "a, b","[1, 2]"
    """
    rows = answer.table
    names = list(dict.fromkeys(key for row in rows for key in row))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    if names:
        writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    return file.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value


def _plain(value: Any) -> Any:
    """Turn a value into what JSON can hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy's, arrays and single numbers
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)
