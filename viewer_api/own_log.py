"""A professional's own actions: asked of the vault, which finds them under the credential alone (R56)."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keyvault.log.lines_of_actors import Written
from keyvault.process.guard import RecordDoor
from keyvault.verbs.call import Call
from keyvault.verbs.reader.log.own_actions import OwnAction, OwnActions
from records.errors import Invalid
from records.text.base64url import b64, unb64
from viewer_api.named_actors import named
from viewer_api.refusals import permitted

_FORM = struct.Struct(">Q32s")
_LATEST = 2**63 - 1  # of what the vault's columns hold


@dataclass(frozen=True, slots=True)
class LogPeriod:
    """A page and a period: `since` (included) and `until` (not included) are unix seconds."""

    before: Written | None = None
    limit: int = 100
    since: int | None = None
    until: int | None = None


class OwnLog:
    """The use case, without its transport."""

    def __init__(self, vault: RecordDoor) -> None:
        self._vault = vault

    def actions(self, call: Call, wanted: LogPeriod) -> OwnActions:
        """Raises `NotAuthorised` or `QuotaExceeded`."""
        return permitted(
            self._vault.own_actions(
                call, before=wanted.before, limit=wanted.limit, since=wanted.since, until=wanted.until
            )
        )


def write_place(place: Written | None) -> str | None:
    """Where the next page begins, as text that callers pass back; None at the end."""
    return None if place is None else b64(_FORM.pack(*place))


def read_place(text: str | None) -> Written | None:
    """Raises `Invalid` "bad_cursor"."""
    if text is None:
        return None
    try:
        at, leaf = _FORM.unpack(unb64(text, _FORM.size))
    except (Invalid, struct.error):
        at, leaf = _LATEST + 1, b""
    if at > _LATEST:
        raise Invalid(
            "No page begins there: pass `before` as `next_before` gave it, or leave it out to begin with the "
            "newest.",
            code="bad_cursor",
        )
    return at, leaf


def page_json(page: OwnActions) -> dict[str, Any]:
    """The answer of `GET /me/access-log` (docs/api.md)."""
    return {
        "actor": named(page.actor),
        "events": [line_json(each) for each in page.actions],
        "next_before": write_place(page.following),
    }


def line_json(action: OwnAction) -> dict[str, Any]:
    """Members that are void, or hidden since it was refused, are left out."""
    shown = {
        "time": datetime.fromtimestamp(action.at / 1000, UTC).isoformat(timespec="milliseconds"),
        "action": action.action,
        "outcome": action.outcome.value,
        "purpose": action.purpose.value,
        "structure": action.structure,
        "record": str(action.record) if action.record else None,
        "decision": action.decision.value if action.decision else None,
        "object": action.object,
        "leaf": action.leaf.hex(),
    }
    return {name: value for name, value in shown.items() if value is not None}
