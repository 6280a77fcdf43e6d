"""The door at which professionals open accounts for people who are before them.

The identifier is handed over by whoever opens; the first code goes to the person's own telephone or mailbox,
or into a letter, and never through here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from keyvault.credentials.account_keys import AccountKeys
from keyvault.credentials.possession_proof import OLDEST, Proof, proof_replayed
from records.errors import CoffreError, Invalid
from records.people.actors import Actor
from records.people.contacts import kind_of
from records.people.identity import INS
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.openers import opener
from sign_in.accounts.opening import FirstCode, Opened, Opening
from sign_in.accounts.tries import Tries
from sign_in.store import AccountStore
from sign_in.watching.events import Noted, Witness

_USE = "open_account"
_WATCHED = {
    "role_not_entitled": DoorEvent.OPENING_REFUSED,
    "account_exists": DoorEvent.OPENING_REFUSED,
    "too_many_tries": DoorEvent.PAUSED,
}
"""Refusals that somebody gains by, or may: the others are of a form, or of an old sign-in."""


@dataclass(frozen=True, slots=True)
class ForSomebody:
    """`contact`: an e-mail address or a telephone number of the person. `is_checked`: the professional has
    seen who the person is.
    """

    ins: INS = field(repr=False)
    contact: str = field(repr=False)
    first_code: FirstCode
    language: str
    is_checked: bool


class OpeningDoor:
    """`proof`: of a signed request, which serves once; None for a session of the pages or a bearer."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        opening: Opening,
        witness: Witness,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._keys, self._opening = store, keys, opening
        self._witness, self._clock, self._tries = witness, clock, Tries(keys)

    def check(self, actor: Actor, address: str) -> None:
        """Raises `Refused` "role_not_entitled" or `StepUpRequired`."""
        with self._noting_refusals(actor, address):
            opener(actor, int(self._clock()))

    def open(self, actor: Actor, asked: ForSomebody, address: str, proof: Proof | None = None) -> str:
        """The identifier. Raises as `check`, `CredentialError` "proof_replayed", `Invalid`
        "identity_unchecked", `TooManyTries`, or as `Opening.open`.
        """
        with self._noting_refusals(actor, address):
            opened = self._opened(actor, asked, proof)
        self._note(DoorEvent.ACCOUNT_OPENED, actor, address)
        return opened.identifier

    def _opened(self, actor: Actor, asked: ForSomebody, proof: Proof | None) -> Opened:
        by = opener(actor, int(self._clock()))
        if not asked.is_checked:
            raise Invalid(
                "Check who the person is by an identity document, then say so.", code="identity_unchecked"
            )
        self._count(actor, proof)
        return self._opening.open(
            asked.ins,
            kind_of(asked.contact),
            asked.contact,
            first_code=asked.first_code,
            by=by,
            language=asked.language,
        )

    @contextmanager
    def _noting_refusals(self, actor: Actor, address: str) -> Iterator[None]:
        """Whoever asks who has an account is seen, and whom he asks about is not told."""
        try:
            yield
        except CoffreError as error:
            event = _WATCHED.get(error.code)
            if event is not None:
                self._note(event, actor, address)
            raise

    def _note(self, event: DoorEvent, actor: Actor, address: str) -> None:
        self._witness.note(Noted(event, self._keys.pseudonym(actor.subject), address))

    def _count(self, actor: Actor, proof: Proof | None) -> None:
        """Before anything is looked for: whether somebody has an account is told as seldom."""
        now = int(self._clock() * 1000)
        with self._store.writing() as tx:
            self._tries.count(tx, self._tries.of_opener(actor.person), now)
            if proof is not None:
                tx.delete("challenge", expires__le=now)
                row = {"challenge": proof.seen(_USE), "expires": (proof.made_at + 2 * OLDEST) * 1000}
                if not tx.insert_new("challenge", row):
                    raise proof_replayed()
