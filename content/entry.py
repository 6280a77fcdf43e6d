"""Judge one entry of own information: JSON of FHIR R4 by the rules of its kind (`records.profile`)."""

from content.byte_source import Source
from content.facts import EntryFacts
from content.json_text import read_json
from content.limits import Limits
from content.verdicts import Finding, Rejected, inspected
from records.profile.elements import EntryRefused
from records.profile.entries import LARGEST_ENTRY, read_entry


class _Entry:
    def __init__(self, source: Source) -> None:
        self._source = source
        self.findings: list[Finding] = []

    def run(self) -> EntryFacts:
        if self._source.size > LARGEST_ENTRY:
            raise Rejected("entry_too_large")
        try:
            resource = read_json(self._source.read(0, self._source.size))
        except (ValueError, RecursionError):
            raise Rejected("entry_not_json") from None
        try:
            return EntryFacts(read_entry(resource).resource)
        except EntryRefused as refused:
            raise Rejected(refused.code, refused.where or None) from None


def inspect_entry(source: Source, limits: Limits) -> tuple[list[Finding], EntryFacts | None]:
    """Findings and facts; no facts where the entry is refused. `limits` bound nothing that is so small."""
    return inspected(_Entry(source))
