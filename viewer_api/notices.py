"""Use cases of being told: the holder's notices, and the addresses that messages about them go to."""

from collections.abc import Sequence
from uuid import UUID

from keyvault.process.guard import RecordDoor
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.holder.contacting import NotConfirmed, OwnContact, OwnContacts
from keyvault.verbs.reader.holder.notices import OwnNotice, OwnNotices
from records.errors import Invalid
from records.people.contacts import ContactKind
from records.vocabulary.codes import Action
from viewer_api.named_records import ask, resolve


class Notices:
    """For the holder of a record alone, whom the vault knows."""

    def __init__(self, vault: RecordDoor) -> None:
        self._vault = vault

    def unread(self, call: Call, locator: str) -> tuple[OwnNotice, ...]:
        """Those that were not acknowledged, newest first."""
        record = resolve(self._vault, call, locator, Action.READ_NOTICES)
        found: OwnNotices = ask(self._vault, record, lambda record_id: self._vault.notices(call, record_id))
        return found.notices

    def acknowledge(self, call: Call, locator: str, notices: Sequence[UUID]) -> int:
        """The holder has read these notices; answers how many there were."""
        record = resolve(self._vault, call, locator, Action.ACKNOWLEDGE)
        return ask(self._vault, record, lambda record_id: self._vault.acknowledge(call, record_id, notices))

    def contacts(self, call: Call, locator: str) -> tuple[OwnContact, ...]:
        record = resolve(self._vault, call, locator, Action.READ_CONTACTS)
        return _contacts(ask(self._vault, record, lambda record_id: self._vault.contacts(call, record_id)))

    def put_contact(
        self, call: Call, locator: str, kind: ContactKind, address: str
    ) -> tuple[OwnContact, ...]:
        record = resolve(self._vault, call, locator, Action.SET_CONTACT)
        return _contacts(
            ask(
                self._vault,
                record,
                lambda record_id: self._vault.put_contact(call, record_id, kind, address),
            )
        )

    def confirm_contact(
        self, call: Call, locator: str, kind: ContactKind, code: str
    ) -> tuple[OwnContact, ...]:
        """Raises `Invalid` "wrong_code" or "no_code"."""
        record = resolve(self._vault, call, locator, Action.CONFIRM_CONTACT)

        def confirm(record_id: UUID) -> OwnContacts | Denied:
            answer = self._vault.confirm_contact(call, record_id, kind, code)
            if isinstance(answer, NotConfirmed):
                raise _not_confirmed(answer)
            return answer

        return _contacts(ask(self._vault, record, confirm))

    def delete_contact(self, call: Call, locator: str, kind: ContactKind) -> None:
        record = resolve(self._vault, call, locator, Action.DELETE_CONTACT)
        ask(self._vault, record, lambda record_id: self._vault.delete_contact(call, record_id, kind))


def _contacts(answer: OwnContacts) -> tuple[OwnContact, ...]:
    return answer.contacts


def _not_confirmed(answer: NotConfirmed) -> Invalid:
    if answer.code == "wrong_code":
        return Invalid(
            "This is not the code that was sent: read it again in the newest message. After five tries it no "
            "longer serves.",
            code="wrong_code",
        )
    return Invalid(
        "No code is waiting, or it was used or ran out: give the address once more, and a new one is sent.",
        code="no_code",
    )
