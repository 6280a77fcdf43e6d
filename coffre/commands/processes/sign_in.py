"""`coffre signin`: the process of the doors at which people sign in."""

from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation, settings_of_installation
from coffre.command_line.options import Data, Yes
from coffre.command_line.output import confirm
from coffre.command_line.refusals import refusals

sign_in_app = typer.Typer(help="Who somebody is: the process of the doors.", no_args_is_help=True)


@sign_in_app.command("serve")
def serve(
    data: Data = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8084,
) -> None:
    """Serve the pages at which people sign in, in a process of its own, until SIGTERM."""
    with refusals():
        settings = settings_of_installation(data)
        from coffre.serving.parts.served import ServedPart
        from coffre.serving.serve import run

        run(settings, port, only=ServedPart.SIGN_IN)


@sign_in_app.command("key")
def key(
    out: Annotated[Path, typer.Option("--out", help="File for the public key, in hexadecimal.")],
    is_next: Annotated[
        bool, typer.Option("--next", help="Of the key that follows: it is drawn where there is none.")
    ] = False,
    data: Data = None,
) -> None:
    """Write the public key of the sign-in, which two operators have the vault accept once."""
    with refusals():
        settings = settings_of_installation(data)
        from coffre.installation.identity import Identity
        from coffre.installation.places import Places
        from coffre.installation.sign_in_keys import issuer_of, next_issuer
        from records.errors import Invalid

        places = Places(settings)
        issuer = (next_issuer if is_next else issuer_of)(places, Identity.read(places.complete))
        text = issuer.public.hex() + "\n"
        if out.exists() and out.read_bytes() != text.encode():
            raise Invalid(f"{out} is there already: name a file that is not.", code="out_exists")
        out.write_text(text)
    print(
        f"The key is in {out}. In production have the vault accept it:\n"
        f"  coffre issuers add {issuer.issuer} --key {out} --role patient --until YYYY-MM-DD …\n"
        "Add --role professional for cards and Pro Santé Connect, --role depositor for certificates of "
        "structures: a key is added once."
    )
    if is_next:
        print("Then coffre signin change-key, and start the sign-in again.")


@sign_in_app.command("change-key")
def change_key(data: Data = None, yes: Yes = False) -> None:
    """Have the sign-in sign with its next key, which the vault accepts already, from its next start on."""
    with opened_installation(data) as installation:
        from coffre.installation.sign_in_keys import change_key as change
        from coffre.serving.callers.authentication import PublishedList

        identity = installation.identity
        confirm(yes, "Replace the key that signs for everybody who comes in?")
        accepted = PublishedList(installation.index, identity.reception_public, installation.clock)
        key_id = change(installation.places, identity, accepted)
    print(
        f"The sign-in's key is {key_id}. Start it again, and end the former once no session is from before."
    )
