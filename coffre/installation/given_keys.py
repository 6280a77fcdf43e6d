"""Public keys that `coffre init` is given: of an authority, and of the first operators."""

from pathlib import Path

from coffre.settings import Settings
from keyvault.credentials.hardware_tokens import read_registration
from keyvault.credentials.issuers import DEMO_ISSUER
from keyvault.crypto.signing import read_public_key
from records.errors import CoffreError, Invalid
from records.vocabulary.codes import Environment


def pinned_authority(settings: Settings) -> bytes | None:
    """The key of an authority whose tokens production accepts from the start; it is nobody's here."""
    if settings.environment is not Environment.PRODUCTION or settings.authority_public is None:
        return None
    if settings.authority_issuer == DEMO_ISSUER:
        raise Invalid(
            "Production does not accept the demo authority: give COFFRE_AUTHORITY_ISSUER of your own.",
            code="demo_authority_refused",
        )
    return _public_key("COFFRE_AUTHORITY_PUBLIC", settings.authority_public)


def first_operators(settings: Settings) -> list[tuple[str, ...]]:
    """Who sets the table of issuers first: names and public keys, each person with a key of their own; of a
    hardware key its origin as well.
    """
    found = [(name, *_own_key(settings, file)) for name, file in settings.first_operators()]
    if len({public for _, public, *_ in found}) < len(found):
        said = "COFFRE_OPERATORS: two of the files hold the same key, and two operators are two persons."
        raise Invalid(said, code="bad_setting")
    return found


def _own_key(settings: Settings, file: Path) -> tuple[str, ...]:
    """A file that begins as JSON is what a browser said of a hardware key."""
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text.startswith("{"):
        return (_public_key("COFFRE_OPERATORS", file).hex(),)
    origin = settings.public_url or ""
    try:
        return read_registration(text, origin).hex(), origin
    except CoffreError as error:
        raise Invalid(f"COFFRE_OPERATORS, {file}: {error.sentence}", code="bad_setting") from None


def _public_key(setting: str, file: Path) -> bytes:
    try:
        return read_public_key(file.read_bytes())
    except Invalid as error:
        raise Invalid(f"{setting}, {file}: {error.sentence}", code=error.code) from None
    except OSError as error:
        said = f"{setting}, {file}, cannot be read: {error.strerror}."
        raise Invalid(said, code="bad_setting") from None
