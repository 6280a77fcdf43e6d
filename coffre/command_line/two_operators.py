"""Run a command that two operators decide: at once with two token files, or the second operator later."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from keyvault.verbs.call import Call

First = Annotated[Path | None, typer.Option("--operator", help="File with the first operator's token.")]
Second = Annotated[Path | None, typer.Option("--second-operator", help="File with another operator's token.")]
SecondLater = Annotated[
    Path | None,
    typer.Option(
        "--second-operator",
        help=r"File with another operator's token, who agrees at once.  \[default: the proposal waits a day]",
    ),
]


def both(first: Path | None, second: Path | None) -> "list[Call]":
    """The calls of two operators, each with a token of their own; nobody rotates alone."""
    from coffre.operators.calls import together

    if first is None or second is None:
        raise typer.BadParameter(
            "Two operators act together: give --operator FILE and --second-operator FILE."
        )
    return together(first, second)
