"""`coffre deploy folders`: each folder of the data directory to the user of the process that needs it."""

from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals


def folders(
    data: Data = None,
    doors: Annotated[Path | None, typer.Option(help="Folder of the vault's sockets, too.")] = None,
    roles: Annotated[Path | None, typer.Option(help="Files of `coffre roles --out`, too.")] = None,
    certificates: Annotated[
        Path | None, typer.Option(help="Folder of the socket of certificates, too.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give each folder of the data directory to whose it is, as root: in containers, where no
    systemd-tmpfiles does it. The same again changes nothing.
    """
    from coffre.deploying.folders import FOLDERS, hand_over
    from coffre.settings import load
    from records.errors import Refused

    with refusals():
        at = load(data=data).data
        try:
            hand_over(at, doors, roles, certificates)
        except PermissionError:
            raise Refused(
                f"Whose a folder of {at} is, root alone changes: run it as root.", code="not_root"
            ) from None
    table = {each.path: f"{each.process}:{each.group} {each.mode:04o}" for each in FOLDERS}
    show({"folders": table}, as_json, "\n".join(f"{path}  {whose}" for path, whose in table.items()))
