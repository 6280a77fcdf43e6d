"""Read from a signed HTTP request which verbs of the vault it asks for, and with which arguments.

The vault reads method, address and body itself, as their sender signed them (docs/api.md names the routes).
"""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from keyvault.credentials.possession_proof import called_verb
from keyvault.verbs.signed.choices import CHOICES
from keyvault.verbs.signed.contents import CONTENTS
from keyvault.verbs.signed.documents import DOCUMENTS
from keyvault.verbs.signed.notices import NOTICES
from keyvault.verbs.signed.request import Named, Read, SignedRequest
from keyvault.verbs.signed.searches import SEARCHES
from keyvault.verbs.signed.teams import TEAMS
from records.errors import Invalid

SIGNED: Mapping[tuple[str, str], Read] = {
    **CONTENTS,
    **SEARCHES,
    **DOCUMENTS,
    **NOTICES,
    **CHOICES,
    **TEAMS,
}
"""Method and address of every request that a proof is made for; HEAD is read as GET."""


def read_signed_request(method: str, url: str, body: bytes) -> SignedRequest:
    """Raises `Invalid` "bad_member" for what is no route of the reader, or names its record in a query."""
    if (verb := called_verb(url)) is not None:  # nobody in between could have changed the arguments
        return SignedRequest(None, {verb: {}})
    path = [unquote(part, errors="strict") for part in urlsplit(url).path.split("/")]
    for (of, template), read in SIGNED.items():
        named = _named(template, path)
        if of == ("GET" if method == "HEAD" else method) and named is not None:
            return read(named, body)
    raise Invalid("No such request is put to the vault.", code="bad_member")


def _named(template: str, path: list[str]) -> Named | None:
    """What stands at the names of a template; None where the address is another."""
    parts = template.split("/")
    if template.endswith(":path}"):  # the last name stands for one part or more
        path = [*path[: len(parts) - 1], "/".join(path[len(parts) - 1 :])]
    named = {part: found for part, found in zip(parts, path, strict=False) if part.startswith("{")}
    whole = [named.get(part, part) for part in parts]
    return {part[1:-1]: found for part, found in named.items()} if whole == path else None
