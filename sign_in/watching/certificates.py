"""Tell what certificates did at their socket: credentials before they leave, refusals by their number."""

from keyvault.credentials.account_keys import AccountKeys
from records.vocabulary.door_events import DoorEvent
from sign_in.store import AccountStore
from sign_in.tokens.proven import Proven
from sign_in.watching.events import Noted, Witness
from sign_in.watching.outbox import Outbox


class WatchedCertificates:
    """`thumbprint` names a certificate, and is told to nobody; `address` is where the request came from."""

    def __init__(self, store: AccountStore, keys: AccountKeys, outbox: Outbox, witness: Witness) -> None:
        self._store, self._keys, self._outbox, self._witness = store, keys, outbox, witness

    def issued(self, who: Proven, thumbprint: str, address: str) -> None:
        """Kept for the log: what could not be told of does not leave. Raises as the store does."""
        with self._store.writing() as tx:
            self._outbox.arrived(tx, DoorEvent.TOKEN_ISSUED, who)
        self._note(DoorEvent.TOKEN_ISSUED, thumbprint, address)

    def refused(self, thumbprint: str, address: str) -> None:
        self._note(DoorEvent.CERTIFICATE_REFUSED, thumbprint, address)

    def _note(self, event: DoorEvent, thumbprint: str, address: str) -> None:
        self._witness.note(Noted(event, self._keys.pseudonym(thumbprint), address))
