"""Commands that are loaded when they are called: `coffre --help` must not wait for databases and images."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group


@dataclass(frozen=True, slots=True)
class Later:
    """A command function or group of commands at `module:name`, and its line in the list of commands."""

    place: str
    line: str

    def load(self, name: str) -> Any:
        """The command itself, under `name`."""
        module, _, attribute = self.place.partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            command: Any = get_group(found)
        else:
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            alone.command(name)(found)
            command = get_command(alone)
        command.name = name
        return command


class LaterGroup(TyperGroup):
    """A group whose commands stand in a table."""

    table: ClassVar[Mapping[str, Later]] = {}

    def list_commands(self, _: Any) -> list[str]:
        return list(self.table)

    def get_command(self, _: Any, cmd_name: str) -> Any:
        """What the list of commands shows; `resolve_command` has the command itself."""
        later = self.table.get(cmd_name)
        return None if later is None else TyperCommand(cmd_name, help=later.line)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, self.table[name].load(name) if name and command else command, rest
