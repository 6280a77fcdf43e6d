"""Absolute addresses in FHIR answers, from the public URL and never from a request's Host."""

from dataclasses import dataclass
from uuid import UUID

RESOURCE_ID = r"[A-Za-z0-9\-.]{1,64}"
"""An id (FHIR R4 section 2.24.0.1); it begins with no underscore, as operations do."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """`public_url`: scheme and host, without a slash at the end."""

    public_url: str

    @property
    def base(self) -> str:
        return f"{self.public_url}/fhir"

    def resource(self, kind: str, name: object) -> str:
        return f"{self.base}/{kind}/{name}"

    def dicomweb(self, record: UUID) -> str:
        return f"{self.public_url}/records/{record}/dicomweb"

    def study(self, record: UUID, uid: str) -> str:
        return f"{self.dicomweb(record)}/studies/{uid}"
