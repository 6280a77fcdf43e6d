"""The headers of one part of a body (RFC 2046 section 5.1): honoured, without effect, or refused by name."""

from collections.abc import Iterable, Mapping

from ingestion.intake.stow.rules import PART_HEADERS
from ingestion.intake.treatments import Treatment
from records.errors import Invalid

# what may stand there without changing the bytes
_UNCHANGED = {
    "content-transfer-encoding": frozenset({"binary", "8bit", "7bit"}),
    "content-encoding": frozenset({"identity"}),
}


def read_part_headers(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """By lower-case name. Raises `Invalid` "bad_part_header"."""
    found: dict[str, str] = {}
    for name, value in pairs:
        rule = PART_HEADERS.get(name)
        if rule is not None and rule.treatment is Treatment.REFUSED:
            raise _refused(name)
        if rule is not None and rule.treatment is Treatment.HONOURED and name in found:
            raise Invalid(f"A part has the header {name} twice: send it once.", code="bad_part_header")
        found[name] = value
    for name, unchanged in _UNCHANGED.items():
        if found.get(name, next(iter(unchanged))).strip().lower() not in unchanged:
            raise _refused(name)
    return found


def _refused(name: str) -> Invalid:
    return Invalid(
        f"A part has a header {name} that is not understood here: send its bytes as they are, and whole.",
        code="bad_part_header",
    )
