"""Use cases of teams and lists, and of consent that a professional records."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from keyvault.process.guard import RecordDoor
from keyvault.verbs.call import Call
from keyvault.verbs.reader.holder.changing import Changed
from keyvault.verbs.reader.holder.choices import Choices
from records.vocabulary.codes import Action
from viewer_api.named_records import ask, check_reason, resolve
from viewer_api.refusals import permitted


class Teams:
    """For the holder of a record, and for professionals; the vault decides for whom."""

    def __init__(self, vault: RecordDoor) -> None:
        self._vault = vault

    def form(
        self, call: Call, locator: str, request: UUID, name: str, members: Sequence[str], until: int | None
    ) -> dict[str, Any]:
        """The holder authorises a team or list in one act; answers it with what came of each line."""
        record = resolve(self._vault, call, locator, Action.FORM_TEAM)
        formed: Changed = ask(
            self._vault,
            record,
            lambda record_id: self._vault.form_team(call, record_id, request, name, members, until),
        )
        return formed.choices

    def record_consent(
        self,
        call: Call,
        locator: str,
        request: UUID,
        how: str,
        name: str,
        members: Sequence[str],
        until: int | None,
    ) -> dict[str, Any]:
        """A professional records the patient's consent. Raises `NotAuthorised`, also where no record is."""
        check_reason(call)
        recorded = self._vault.record_consent(call, locator, request, how, name, members, until)
        return permitted(recorded).choices

    def change(
        self, call: Call, locator: str, team: UUID, action: Action, members: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Members join or leave, or all ends."""
        record = resolve(self._vault, call, locator, action)
        changed: Changed = ask(
            self._vault,
            record,
            lambda record_id: self._vault.change_team(call, record_id, team, action, members),
        )
        return changed.choices

    def team(self, call: Call, locator: str, team: UUID, after: bytes | None, most: int) -> Choices:
        """A team with those of its members who are among a page of authorisations, to the holder."""
        record = resolve(self._vault, call, locator)
        return ask(
            self._vault,
            record,
            lambda record_id: self._vault.choices(call, record_id, after, most, team=team),
        )
