"""The mode in which a page opens a record. No session is elevated: in an emergency every request carries
purpose and reason, as hidden fields of posted forms, so that neither is ever in an address.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from keyvault.verbs.call import Call
from records.emergency import EMERGENCIES
from records.errors import Invalid
from records.vocabulary.codes import PurposeOfUse
from viewer_api.call_headers import LONGEST_REASON
from viewer_api.web.sessions import Session

_BY_VALUE = {purpose.value: purpose for purpose in EMERGENCIES}


@dataclass(frozen=True, slots=True)
class Mode:
    """How a record is opened; in an emergency `fields` go into every form of the page."""

    purpose: PurposeOfUse = PurposeOfUse.NORMAL
    reason: str | None = None

    @property
    def is_emergency(self) -> bool:
        return self.purpose is not PurposeOfUse.NORMAL

    @property
    def fields(self) -> dict[str, str]:
        if not self.is_emergency:
            return {}
        return {"purpose": self.purpose.value, "reason": self.reason or ""}

    def call(self, session: Session) -> Call:
        return session.call(self.purpose, self.reason)


NORMAL = Mode()


def mode_of(form: Mapping[str, str]) -> Mode:
    """The mode that a form carries. Raises `Invalid` "bad_reason"."""
    purpose = _BY_VALUE.get(form.get("purpose", ""))
    if purpose is None:
        return NORMAL
    # browsers write line ends of text fields as CR LF: the same reason must stay the same text
    reason = form.get("reason", "").replace("\r\n", "\n").strip()
    if len(reason) > LONGEST_REASON:
        raise Invalid(f"A reason has at most {LONGEST_REASON} characters.", code="bad_reason")
    return Mode(purpose, reason or None)
