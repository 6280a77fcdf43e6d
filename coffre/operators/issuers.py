"""Issuers as an operator names and reads them."""

from datetime import UTC, datetime
from pathlib import Path

from keyvault.crypto.signing import read_public_key
from keyvault.verbs.operator.issuers import ListedIssuer
from records.errors import Invalid


def lines_about(issuer: ListedIssuer) -> str:
    """An issuer for a person: one line of who it is, one of what it may say."""
    whom = f", of {issuer.subject} alone" if issuer.subject else ""
    whom += ", by a hardware key" if issuer.origin else ""
    until = f"until {issuer.not_after}" if issuer.not_after else "until it is ended"
    seen = f"first seen {_instant(issuer.first_seen)}" if issuer.first_seen else "never seen"
    return (
        f"{issuer.name}  key {issuer.key_id}  {issuer.state}\n"
        f"    says who is {', '.join(issuer.roles)}{whom}; {until}; {seen}"
    )


def public_key_in(file: Path) -> bytes:
    """Raises `Invalid` "bad_key", which names the file."""
    try:
        return read_public_key(file.read_bytes())
    except Invalid as error:
        raise Invalid(f"{file}: {error.sentence}", code=error.code) from None


def day_in(text: str) -> int:
    """The beginning of a day, YYYY-MM-DD (UTC), as unix seconds. Raises `Invalid` "bad_date"."""
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise Invalid("A day is written YYYY-MM-DD.", code="bad_date") from None


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
