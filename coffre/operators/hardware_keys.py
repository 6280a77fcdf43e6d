"""Operators' hardware keys as the command line names and reads them."""

from pathlib import Path

from coffre.installation.installation import Installation
from coffre.settings import OPERATOR_NAME
from keyvault.credentials.hardware_tokens import PARTS, read_registration
from keyvault.credentials.issuers import operator_issuer
from records.errors import Invalid
from sign_in.passkeys.relying_party import relying_party


def operator_named(name: str) -> str:
    """The name of the issuer that an operator is of herself. Raises `Invalid` "bad_name"."""
    bare = name.removeprefix(operator_issuer(""))
    if not OPERATOR_NAME.fullmatch(bare):
        raise Invalid(
            "An operator's name is 1 to 64 small letters, digits, dots, dashes and underscores.",
            code="bad_name",
        )
    return operator_issuer(bare)


def origin_of(installation: Installation) -> str:
    """Where browsers ask the key. Raises `Invalid` "no_origin"."""
    party = relying_party(installation.settings.public_url or "")
    if party is None:
        raise Invalid(
            "Browsers ask a key for a site with a name, under https: set COFFRE_PUBLIC_URL.", code="no_origin"
        )
    return party.origin


def key_in(file: Path, origin: str) -> bytes:
    """The COSE_Key of a new hardware key. Raises `Invalid` "bad_key", `CredentialError`
    "hardware_key_required".
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Invalid(f"{file} cannot be read as text.", code="bad_key") from None
    return read_registration(text.strip(), origin)


def read_signed(line: str, asked: str) -> str:
    """What was pasted, if it answers `asked`. Raises `Invalid` "bad_token"."""
    signed = "".join(line.split())
    if PARTS.fullmatch(signed) is None or not signed.startswith(f"{asked}."):
        raise Invalid(
            "This is not what the page shows for this command: open the address again, and paste it whole.",
            code="bad_token",
        )
    return signed
