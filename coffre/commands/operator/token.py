"""`coffre operator token`: an operator signs for herself, with her hardware key."""

import secrets
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import show


def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Your name, as coffre operator list shows it.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write (0600).")],
    key: Annotated[
        str | None, typer.Option("--key", help="The id of your key, where you have several.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write an operator's token of five minutes, which the key signs in a browser, for --operator and
    --second-operator. The address to open is printed on standard error; paste there what the page shows.
    """
    with opened_installation(data) as installation:
        from coffre.operators.hardware_keys import operator_named, origin_of, read_signed
        from keyvault.credentials import hardware_tokens, private_files

        asked = hardware_tokens.asked(
            operator_named(name),
            installation.identity.audience,
            secrets.token_urlsafe(16),
            int(time.time()),
            key,
        )
        print(
            f"Open {origin_of(installation)}/sign-in/operateur#{asked}\n"
            "and paste here what your key has signed, in one line:",
            file=sys.stderr,
        )
        signed = read_signed(sys.stdin.readline(), asked)
        private_files.replace(out, signed.encode() + b"\n")
    show({"token_file": str(out)}, as_json, f"{out}: good for five minutes from when you asked.")
