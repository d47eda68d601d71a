"""Completion in shells: a script for each, and the hidden command that the scripts ask."""

from __future__ import annotations

from typing import Annotated

import typer

from spikelearn.cli.answers import Answer

__all__ = ["complete", "completion"]


def completion(shell: Annotated[str, typer.Argument(help="bash, zsh or fish.")]) -> Answer:
    """Print what makes a shell complete commands, options and names.

    bash: eval "$(spikelearn completion bash)" in ~/.bashrc; zsh: the same with zsh in ~/.zshrc; fish: spikelearn
    completion fish > ~/.config/fish/completions/spikelearn.fish.
    """
    from spikelearn.cli.completing import script

    return Answer(script(shell), [{"shell": shell, "script": script(shell)}])


def complete(
    words: Annotated[list[str] | None, typer.Argument(help="The words so far, the last unfinished.")] = None,
) -> Answer:
    """Say how the last word of a command could go on, one possibility a line."""
    from spikelearn.cli.completing import suggestions

    found = suggestions(words or [""])
    return Answer("\n".join(found), [{"word": word} for word in found])
