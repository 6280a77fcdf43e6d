"""`coffre issuers token`: an operator signs for herself, with the key that the vault knows."""

import time
from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import show


def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Your name, as COFFRE_OPERATORS had it.")],
    key: Annotated[Path, typer.Option("--key", help="File with your own Ed25519 private key, PEM.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write (0600).")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write an operator's token of five minutes, for --operator and --second-operator."""
    with opened_installation(data) as installation:
        from client.possession import read_key
        from keyvault.credentials import private_files
        from keyvault.credentials.authority import Authority
        from keyvault.credentials.issuers import operator_issuer
        from records.vocabulary.codes import Role

        identity, named = installation.identity, operator_issuer(name)
        signing = Authority(read_key(key).private, environment=identity.environment, issuer=named)
        issued = signing.issue(
            role=Role.OPERATOR, subject=named, audience=identity.audience, now=int(time.time())
        )
        private_files.replace(out, issued.encode() + b"\n")
    show({"token_file": str(out)}, as_json, f"{out}: good for five minutes.")
