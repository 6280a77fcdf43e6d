"""Grants with the addresses of their objects, and new addresses for a grant that its holder opens."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from keyvault.process.guard import ReaderDoor
from keyvault.verbs.call import Call
from viewer_api.granting import Granting, GrantRequest
from viewer_api.refusals import permitted

Presign = Callable[[UUID, UUID, int], str]
"""Grant, blob, version: the address of ciphertext."""


class AddressedGrants:
    """`POST /grants` and `POST /grants/{id}/urls`, without their transport."""

    def __init__(self, granting: Granting, vault: ReaderDoor, presign: Presign) -> None:
        self._granting = granting
        self._vault = vault
        self._presign = presign

    def grant(self, call: Call, request: GrantRequest) -> dict[str, Any]:
        """A grant with the addresses of its objects (docs/formats.md section 4)."""
        released = self._granting.released(call, request, self._granting.wanted(call, request))
        return {**released.grant, "urls": self._urls(UUID(released.grant["id"]), released.objects)}

    def renew(self, call: Call, grant_id: UUID) -> dict[str, Any]:
        """New addresses for the caller's own grant. Raises `NotFound` "no_such_grant" or `NotAuthorised`."""
        objects = permitted(self._vault.renew(call, grant_id))
        return {"id": str(grant_id), "urls": self._urls(grant_id, objects)}

    def _urls(self, grant_id: UUID, objects: Iterable[tuple[UUID, int]]) -> dict[str, str]:
        return {str(blob): self._presign(grant_id, blob, version) for blob, version in objects}
