"""Doors of an installation's sign-in, each with what it needs."""

from collections.abc import Callable
from functools import cached_property

from fastapi import FastAPI, Request

from coffre.installation.sign_in_parts import SignInParts
from records.people.contacts import ContactKind
from sign_in.accounts.account import AccountRows
from sign_in.accounts.letters import Letters
from sign_in.accounts.online import AskedAccounts
from sign_in.accounts.opening import Opening
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
from sign_in.routes import certificates
from sign_in.sessions.own import OwnSessions
from sign_in.watching.certificates import WatchedCertificates


class SignIn(SignInParts):
    """Made when first asked for, and closed with its installation."""

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
