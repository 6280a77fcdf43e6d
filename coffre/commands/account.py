"""`coffre account`: accounts of patients."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import listed, show

account_app = typer.Typer(help="Accounts of patients: open one, print letters.", no_args_is_help=True)

Ins = Annotated[str, typer.Argument(help="INS: 15 characters, key included.")]
LetterFile = Annotated[
    Path | None,
    typer.Option("--letter", help="File (0600) for the letter with the first code, instead of a message."),
]


class Language(StrEnum):
    FRENCH = "fr"
    ENGLISH = "en"


@account_app.command("open")
def account_open(
    ins: Ins,
    email: Annotated[str | None, typer.Option(help="Where codes are sent: an e-mail address.")] = None,
    telephone: Annotated[str | None, typer.Option(help="Where codes are sent: a telephone number.")] = None,
    letter: LetterFile = None,
    language: Annotated[Language, typer.Option(help="Of messages.")] = Language.FRENCH,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Open an account for the holder of a record.

    The identifier printed here is handed over; the first code leaves by message, or by letter. The two never
    take one way.
    """
    with opened_installation(data) as installation:
        from keyvault.credentials import private_files
        from records.errors import Invalid
        from records.people.contacts import ContactKind
        from sign_in.accounts.opening import HOST, FirstCode

        if (email is None) == (telephone is None):
            raise Invalid("Give one of --email and --telephone.", code="bad_request")
        kind = ContactKind.EMAIL if email is not None else ContactKind.TELEPHONE
        told = {"identifier": "", "letter": str(letter) if letter else None}

        def opened() -> str:
            made = _sign_in(installation).opening.open(
                _ins(installation, ins),
                kind,
                email or telephone or "",
                first_code=FirstCode.MESSAGE if letter is None else FirstCode.PRINTED,
                by=HOST,
                language=language.value,
            )
            told["identifier"] = made.identifier
            return _printed(ins, made.letter) if made.letter is not None else ""

        if letter is not None:
            private_files.create_with(letter, opened)
        else:
            opened()
    show(told, as_json, listed({name: value for name, value in told.items() if value}))


@account_app.command("letter")
def account_letter(
    ins: Ins,
    out: Annotated[Path, typer.Option("--out", help="File (0600) for the letter.")],
    data: Data = None,
) -> None:
    """Print the letter with a code to choose a password; the code of before ends."""
    with opened_installation(data) as installation:
        from keyvault.credentials import private_files

        def printed() -> str:
            letter = _sign_in(installation).opening.letter(_ins(installation, ins))
            return _printed(ins, letter)

        private_files.create_with(out, printed)
    print(f"The letter is in {out}: print it, send it by post, and remove the file.")


@account_app.command("letters")
def account_letters(
    out: Annotated[Path, typer.Option("--out", help="Folder for the letters, one file (0600) each.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Print the letters that were asked for on the pages, beside those of earlier runs in the folder.

    What is in each, by what it is `about`, stands in docs/operations.md. Where the folder has no room nothing
    is drawn, and the same command prints them once it has.
    """
    with opened_installation(data) as installation:
        from coffre.installation.letter_folder import LetterFolder

        found = LetterFolder(out).fill(_sign_in(installation).printing)
    show({"letters": found}, as_json, f"{found} letters in {out}: send them, and remove the files.")


def _sign_in(installation: Any) -> Any:
    from coffre.installation.sign_in import SignIn
    from coffre.notifying.carriers import carrier_of

    settings = installation.settings
    return SignIn(installation, carrier_of(settings, settings.public_url or ""))


def _ins(installation: Any, text: str) -> Any:
    from records.people.identity import read_ins

    return read_ins(text, installation.identity.environment)


def _printed(ins: str, letter: Any) -> str:
    from coffre.installation.letter_folder import letter_text

    return letter_text(ins, letter.purpose, letter)
