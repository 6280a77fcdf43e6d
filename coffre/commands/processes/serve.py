"""`coffre serve`: everything, as several processes under one supervisor or as one, or one part alone."""

from enum import StrEnum
from typing import Annotated

import typer

from coffre.command_line.opening import settings_of_installation
from coffre.command_line.options import Data
from coffre.command_line.refusals import refusals
from coffre.processes import vault_secrets
from coffre.setting_rules import NOWHERE


class OnlyPart(StrEnum):
    """What `serve --only` takes; coffre.serving.parts.served has its meaning, and loads slowly."""

    INTAKE = "intake"
    READER = "reader"
    GATEWAY = "gateway"
    OPERATOR = "operator"


def serve(
    data: Data = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8080,
    only: Annotated[OnlyPart | None, typer.Option(help="Serve one part alone.")] = None,
    single: Annotated[
        bool, typer.Option("--single", help="Everything in one process, for debugging.")
    ] = False,
) -> None:
    """Run everything on the loopback until SIGTERM or Ctrl-C, each part a process of its own.

    They are the vault, workers, a housekeeper, a gateway for the pages, and web processes; one that dies is
    started again.
    """
    with refusals():
        asks_none = only is OnlyPart.INTAKE
        settings = settings_of_installation(data, vault_url=NOWHERE if asks_none else None)
        if only is None and not single:
            vault_secrets.set_apart()
        from coffre.serving.parts.served import ServedPart
        from coffre.serving.serve import run

        run(settings, port, only=ServedPart(only.value) if only else None, single=single)
