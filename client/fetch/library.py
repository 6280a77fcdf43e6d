"""Open a record from a program of one's own: the way in to `client.fetch` (docs/opener.md).

with open_record(url, token, record, pins=[…]) as record: …
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from client.fetch.documents import FetchClient
from client.fetch.keys import trusted_keys
from client.http_client import CoffreClient
from client.possession import check_bound
from keyvault.credentials.proving import ProofKey
from records.people.identity import INS, INS_NIR_TEST


@contextmanager
def open_record(
    url: str,
    token: str,
    record: str,
    *,
    pins: Collection[str] = (),
    known_keys: Path | None = None,
    key: ProofKey | None = None,
    purpose: str = "normal",
    reason: str | None = None,
    oid: str = INS_NIR_TEST,
    allow_http: bool = False,
) -> Iterator[FetchClient]:
    """One record, as whoever has the token may see it.

    `record` is its public id, or an INS under `oid`. `pins` are ids or public keys of those that sign grants,
    `known_keys` a file that keeps the server's from the first visit on; with neither the server's own word
    counts. `key` is that of a bound token. Raises `CoffreError`.
    """
    check_bound(token, key)
    locator = _locator(record, oid)
    with (
        CoffreClient(url, token, key=key, allow_http=allow_http) as client,
        CoffreClient(url, None, allow_http=allow_http) as objects,
    ):
        keys, _ = trusted_keys(client, pins, known_keys)
        yield FetchClient(client, objects, locator, keys, purpose=purpose, reason=reason)


def _locator(record: str, oid: str) -> INS | UUID:
    """Raises `Invalid` "bad_ins" for what is neither."""
    try:
        return UUID(record)
    except ValueError:
        return INS.parse(record, oid)
