"""Commands as books and diagrams write them, looked up among those that there are."""

import shlex

from typer.main import get_command

from coffre.cli import app


def unknown_options(line: str) -> set[str]:
    """Of a line that begins with `coffre`, the options that its command does not take; an error of
    usage where there is no such command."""
    command, words = get_command(app), shlex.split(line)[1:]
    while words and hasattr(command, "resolve_command"):
        context = command.make_context("coffre", [], resilient_parsing=True)
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
    taken = {name for each in command.params for name in each.opts}
    return {word.partition("=")[0] for word in words if word.startswith("--")} - taken - {"--help"}
