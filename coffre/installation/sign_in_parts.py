"""Parts of an installation's sign-in that its doors share: its database, its keys, what it does by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from coffre.installation.installation import Installation
from coffre.installation.page_key import page_thumbprint
from coffre.installation.places import read_secret
from coffre.installation.sign_in_keys import issuer_of
from coffre.notifying.syslog import Syslog
from keyvault.credentials.account_keys import AccountKeys
from keyvault.credentials.claims import Binding, Confirmation
from keyvault.credentials.password_hashes import PasswordHashes
from sign_in.accounts.forgetting import PACE_S as FORGETTING_PACE_S
from sign_in.accounts.forgetting import Forgetting
from sign_in.accounts.known_passwords import KnownPasswords
from sign_in.accounts.passwords import Passwords
from sign_in.passkeys.relying_party import RelyingParty
from sign_in.sending import Carrier
from sign_in.sessions.sessions import Sessions
from sign_in.store import AccountStore
from sign_in.tokens.issuing import TokenIssuer
from sign_in.tokens.practice_settings import practice_settings_in
from sign_in.watching.counts import Counts
from sign_in.watching.events import Watched, Witness
from sign_in.watching.messages import AskedMessages
from sign_in.watching.outbox import Outbox
from sign_in.watching.repeating import Repeating
from sign_in.watching.telling import Telling


class SignInParts:
    """Each made when first asked for."""

    def __init__(
        self, installation: Installation, carrier: Carrier, party: RelyingParty | None = None
    ) -> None:
        """`party`: for whom browsers make passkeys; without one there is no door for them."""
        self._installation, self._carrier, self._asks = installation, carrier, party
        self._clock = installation.clock

    def check_settings(self) -> None:
        """Raises `Invalid` "bad_practice_settings" before anybody comes."""
        practice_settings_in(self._installation.settings.practice_settings)

    @property
    def _party(self) -> RelyingParty:
        assert self._asks is not None
        return self._asks

    @cached_property
    def _syslog(self) -> list[Witness]:
        url = self._installation.settings.syslog_url
        return [Syslog(url)] if url else []

    @cached_property
    def _counts(self) -> Counts:
        return Counts()

    @cached_property
    def _witness(self) -> Watched:
        return Watched([*self._syslog, self._counts])

    @cached_property
    def _outbox(self) -> Outbox:
        return Outbox(self._keys, self._clock)

    @cached_property
    def telling(self) -> Telling:
        """What this process tells the vault of the doors while it runs."""
        note = self._installation.guard.signin.note
        return Telling(self.store, lambda: self._outbox, self._counts, note, Watched(self._syslog))

    def _send(self) -> bool:
        """One restored without its key of accounts signs nobody in, and all else of it runs."""
        return AskedMessages(self.store, self._keys, self._carrier, self._outbox, self._clock).send()

    @contextmanager
    def running(self) -> Iterator[None]:
        """What this process does beside requests as long as its doors are open."""
        telling = Repeating("telling", self.telling.more, "the vault was not told what came at the doors")
        sending = Repeating("sending", self._send, "what is to be sent could not be looked up")
        forgetting = Repeating(
            "forgetting",
            Forgetting(self.store, self._clock).once,
            "what has ended could not be forgotten",
            FORGETTING_PACE_S,
        )
        with telling.running(), sending.running(), forgetting.running():
            yield

    @cached_property
    def store(self) -> AccountStore:
        return self._installation.accounts

    @cached_property
    def _keys(self) -> AccountKeys:
        return AccountKeys(read_secret(self._installation.places.accounts_key))

    @cached_property
    def _issuer(self) -> TokenIssuer:
        identity = self._installation.identity
        settings = practice_settings_in(self._installation.settings.practice_settings)
        return TokenIssuer(issuer_of(self._installation.places, identity), identity.audience, settings)

    @cached_property
    def sessions(self) -> Sessions:
        thumbprint = page_thumbprint(self._installation.places)
        bound_to = Binding(Confirmation.KEY, thumbprint) if thumbprint else None
        return Sessions(self._installation.index, self._issuer, bound_to, self._outbox, self._clock)

    @cached_property
    def _passwords(self) -> Passwords:
        return Passwords(PasswordHashes(), KnownPasswords())
