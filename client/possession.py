"""The key file beside a bound token (`coffre identity issue … --bound`)."""

from pathlib import Path

from audit.canonical import parse
from keyvault.credentials.proving import ProofKey
from records.errors import Invalid
from records.text.base64url import unb64


def read_key(path: Path) -> ProofKey:
    """Raises `Invalid` "bad_key_file"."""
    try:
        return ProofKey.from_pem(path.read_bytes())
    except OSError as error:
        sentence = f"The key file {path} cannot be read: {error.strerror or 'no such place'}."
        raise Invalid(sentence, code="bad_key_file") from None
    except Invalid as error:
        raise Invalid(f"{path}: {error.sentence}", code=error.code) from None


def check_bound(token: str, key: ProofKey | None) -> None:
    """Before anything is sent: a bound token has its key, another has none.

    Raises `Invalid` "key_file_missing" or "bad_key_file".
    """
    try:
        named = parse(unb64(token.split(".")[1])).get("cnf", {}).get("jkt")
    except (IndexError, AttributeError, Invalid):
        named = None  # the server will say what is wrong with it
    if key is None and named is not None:
        raise Invalid("This token is bound to a key: give --key-file.", code="key_file_missing")
    if key is not None and named != key.thumbprint:
        raise Invalid("This token is not bound to the key of --key-file.", code="bad_key_file")
