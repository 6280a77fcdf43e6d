"""New addresses for a grant that its holder opens; decided again."""

from typing import Any
from uuid import UUID

from keyvault.process.guard import ReaderDoor
from keyvault.verbs.attempt import Call
from viewer_api.access import Presign
from viewer_api.refusals import permitted


class Renewal:
    """`POST /grants/{id}/urls`, without its transport."""

    def __init__(self, vault: ReaderDoor, presign: Presign) -> None:
        self._vault = vault
        self._presign = presign

    def renew(self, call: Call, grant_id: UUID) -> dict[str, Any]:
        """New addresses for the caller's own grant. Raises `NotFound` "no_such_grant" or `NotAuthorised`."""
        objects: tuple[tuple[UUID, int], ...] = permitted(self._vault.renew(call, grant_id))
        urls = {str(blob): self._presign(grant_id, blob, version) for blob, version in objects}
        return {"id": str(grant_id), "urls": urls}
