"""The sign-in of an installation: its database, its keys, and its doors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

from fastapi import FastAPI, Request

from coffre.installation.installation import Installation
from coffre.installation.page_key import page_thumbprint
from coffre.installation.places import read_secret
from coffre.installation.sign_in_keys import issuer_of
from coffre.notifying.syslog import Syslog
from keyvault.credentials.account_keys import AccountKeys
from keyvault.credentials.claims import Binding, Confirmation
from keyvault.credentials.password_hashes import PasswordHashes
from records.people.contacts import ContactKind
from sign_in.accounts.account import AccountRows
from sign_in.accounts.forgetting import PACE_S as FORGETTING_PACE_S
from sign_in.accounts.forgetting import Forgetting
from sign_in.accounts.known_passwords import KnownPasswords
from sign_in.accounts.letters import Letters
from sign_in.accounts.online import AskedAccounts
from sign_in.accounts.opening import Opening
from sign_in.accounts.passwords import Passwords
from sign_in.accounts.printing import Printing
from sign_in.certificates.door import CertificateDoor
from sign_in.certificates.responders import Responders
from sign_in.certificates.revocation_folder import RevocationFolder
from sign_in.certificates.trust import Trusted, anchors_of
from sign_in.doors.admitting import Admitting
from sign_in.doors.browser import BrowserDoor
from sign_in.doors.code_requests import CodeRequestDoor
from sign_in.doors.contact import ContactDoor
from sign_in.doors.letter import LetterDoor
from sign_in.doors.linked_identity import LinkedIdentityDoor
from sign_in.doors.online import OnlineDoor
from sign_in.doors.opening import OpeningDoor
from sign_in.doors.own_account import OwnAccount
from sign_in.doors.own_password import OwnPassword
from sign_in.doors.passkey import PasskeyDoor
from sign_in.doors.password import PasswordDoor
from sign_in.doors.professional import ProfessionalDoor
from sign_in.passkeys.own import OwnPasskeys
from sign_in.passkeys.relying_party import RelyingParty
from sign_in.routes import certificates
from sign_in.sending import Carrier
from sign_in.sessions.own import OwnSessions
from sign_in.sessions.sessions import Sessions
from sign_in.store import AccountStore
from sign_in.tokens.issuing import TokenIssuer
from sign_in.tokens.practice_settings import practice_settings_in
from sign_in.watching.certificates import WatchedCertificates
from sign_in.watching.counts import Counts
from sign_in.watching.events import Watched, Witness
from sign_in.watching.messages import AskedMessages
from sign_in.watching.outbox import Outbox
from sign_in.watching.repeating import Repeating
from sign_in.watching.telling import Telling


class SignIn:
    """Made when first asked for, and closed with its installation."""

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

    @cached_property
    def opening(self) -> Opening:
        return Opening(
            self.store,
            AccountRows(self._keys),
            Letters(self._keys),
            self._carrier,
            self._outbox,
            self._clock,
        )

    @cached_property
    def printing(self) -> Printing:
        return Printing(
            self.store,
            AccountRows(self._keys),
            Letters(self._keys),
            AskedAccounts(self._keys),
            self._carrier,
            self._outbox,
            self._clock,
        )

    @cached_property
    def for_others(self) -> OpeningDoor:
        return OpeningDoor(self.store, self._keys, self.opening, self._witness, self._clock)

    @cached_property
    def online(self) -> OnlineDoor:
        return OnlineDoor(self.store, self._keys, self._carrier, self._witness, self._clock)

    def carries(self, kind: ContactKind) -> bool:
        """Whether codes reach addresses of this kind."""
        return self._carrier.carries(kind)

    @cached_property
    def _admitting(self) -> Admitting:
        return Admitting(self._keys, self.sessions, self._carrier, self._witness, self._clock)

    @cached_property
    def _own_account(self) -> OwnAccount:
        return OwnAccount(self.store, self._keys, self.sessions, self._witness, self._outbox, self._clock)

    @cached_property
    def password(self) -> PasswordDoor:
        return PasswordDoor(
            self.store,
            self._keys,
            self._passwords,
            self._carrier,
            self._admitting,
            self._witness,
            self._clock,
        )

    @cached_property
    def passkey(self) -> PasskeyDoor:
        return PasskeyDoor(
            self.store, self._keys, self._party, self._carrier, self._admitting, self._witness, self._clock
        )

    @cached_property
    def own_passkeys(self) -> OwnPasskeys:
        return OwnPasskeys(
            self.store,
            self._keys,
            self._party,
            self.sessions,
            self._own_account,
            self._carrier,
            self._clock,
        )

    @cached_property
    def letter(self) -> LetterDoor:
        return LetterDoor(
            self.store,
            self._keys,
            self._passwords,
            self.sessions,
            self._carrier,
            self._witness,
            self._outbox,
            self._clock,
        )

    @cached_property
    def code_requests(self) -> CodeRequestDoor:
        return CodeRequestDoor(self.store, self._keys, self._witness, self._clock)

    @cached_property
    def browser(self) -> BrowserDoor:
        return BrowserDoor(self.store, self._keys, self._witness, self._clock)

    @cached_property
    def contact(self) -> ContactDoor:
        return ContactDoor(self.store, self._keys, self._own_account, self._carrier, self._clock)

    @cached_property
    def own_password(self) -> OwnPassword:
        return OwnPassword(
            self.store,
            self._keys,
            self._passwords,
            self.sessions,
            self._own_account,
            self._carrier,
            self._clock,
        )

    @cached_property
    def professionals(self) -> ProfessionalDoor:
        return ProfessionalDoor(self.store, self._keys, self.sessions, self._witness, self._clock)

    @cached_property
    def france_connect(self) -> LinkedIdentityDoor:
        return LinkedIdentityDoor(
            self.store,
            self._keys,
            self._installation.settings.franceconnect_issuer or "",
            self._own_account,
            self._admitting,
            self._carrier,
            self._witness,
            self._clock,
        )

    def certificates(self, origin: str, caller: Callable[[Request], str]) -> FastAPI:
        """What is answered on the socket of the proxy; `origin` is that of the name of people, `caller` tells
        where a request comes from.
        """
        settings, installation = self._installation.settings, self._installation
        door = CertificateDoor(
            {
                Trusted.PERSONS: anchors_of(Trusted.PERSONS, settings.card_authorities),
                Trusted.ORGANISATIONS: anchors_of(Trusted.ORGANISATIONS, settings.organisation_authorities),
            },
            RevocationFolder(settings.revocation_lists),
            installation.identity.environment,
            Responders().ask,
            self._clock,
        )
        watched = WatchedCertificates(self.store, self._keys, self._outbox, self._witness)
        return certificates.application(
            door,
            self.professionals,
            installation.index,
            self._issuer,
            watched,
            caller,
            origin,
            self._clock,
        )

    @cached_property
    def own_sessions(self) -> OwnSessions:
        return OwnSessions(self.store, self._keys, self.sessions)
