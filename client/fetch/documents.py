"""A reader that opens content on its own side: lists, takes grants and opens them.

The server sees which ranges are read and never their content. Everything a grant says is checked before it
is used.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from client.fetch.addresses import Addresses, GrantAnswer
from client.fetch.opened_grant import OpenedGrant
from client.http_client import CoffreClient, bad_answer
from keyvault.grants.grant import new_recipient, open_grant
from records.people.identity import INS
from records.text.base64url import b64

AT_ONCE = 500
"""Documents that one page of a list holds at most."""
MOST_PAGES = 10_000


class FetchClient:
    """Reads one record with one credential, for one purpose of use.

    `pinned` are the keys whose grants are accepted; `objects` reads ciphertext, without the credential.
    """

    def __init__(
        self,
        client: CoffreClient,
        objects: CoffreClient,
        record: INS | UUID,
        pinned: Mapping[str, bytes],
        *,
        purpose: str = "normal",
        reason: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.client = client
        self._objects = objects
        self._locator = record
        self._pinned = pinned
        self._purpose = purpose
        self._reason = reason
        self._clock = clock
        self._record = str(record) if isinstance(record, UUID) else None

    @property
    def record(self) -> str:
        """The record's public id, asked for once: no other address names the patient."""
        if self._record is None:
            assert isinstance(self._locator, INS)  # a public id is asked for no more
            body = {"ins": self._locator.value}
            found = self.client.read("POST", "/records/find", json=body, headers=self._why())
            self._record = str(UUID(_member(found, "record")))
        return self._record

    def list(self) -> list[dict[str, Any]]:
        """Returns the documents that may be seen, as the server describes them, of all pages.

        Raises `CoffreError` "bad_answer", also where the pages have no end.
        """
        found: list[dict[str, Any]] = []
        asked = {"limit": str(AT_ONCE)}
        for _ in range(MOST_PAGES):
            page = self.client.read("GET", f"{self._documents}?{urlencode(asked)}", headers=self._why())
            documents, following = _page(page)
            found += documents
            if following is None:
                return found
            asked["after"] = following
        raise bad_answer()

    @property
    def _documents(self) -> str:
        return f"/records/{self.record}/documents"

    def grant(
        self, *, studies: Sequence[str] = (), documents: Sequence[UUID] = (), suite: int = 1
    ) -> OpenedGrant:
        """Takes a grant to a fresh key and opens it; neither studies nor documents means everything.

        Raises `Refused` with the server's sentence, or what `keyvault.grants.grant.open_grant` raises.
        """
        private, public = new_recipient()
        body = {
            "record": self.record,
            "studies": list(studies),
            "documents": [str(document) for document in documents],
            "purpose": self._purpose,
            "suite": suite,
            "recipient": b64(public),
        }
        if self._reason:
            body["reason"] = self._reason
        found = self.client.read("POST", "/grants", json=body)
        if not isinstance(found, dict):
            raise bad_answer()
        opened = open_grant(found, private, self._pinned, int(self._clock()))
        grant = GrantAnswer.read(found)
        return OpenedGrant(grant, opened, Addresses(self.client, self._objects, grant))

    def _why(self) -> dict[str, str]:
        """The purpose of use of a request that is not a grant's."""
        if self._purpose == "normal":
            return {}
        reason = {"Coffre-Reason": quote(self._reason, safe="")} if self._reason else {}
        return {"Coffre-Purpose": self._purpose} | reason


def _page(found: object) -> tuple[list[dict[str, Any]], str | None]:
    """The documents of one page, and the cursor of the next; a server of version 0.1 has one page."""
    documents = found.get("documents") if isinstance(found, dict) else None
    if not isinstance(documents, list) or not all(isinstance(one, dict) for one in documents):
        raise bad_answer()
    assert isinstance(found, dict)
    return documents, None if found.get("next") is None else _member(found, "next")


def _member(found: object, name: str) -> str:
    value = found.get(name) if isinstance(found, dict) else None
    if not isinstance(value, str):
        raise bad_answer()
    return value
