"""The doors as routes know them, each made when somebody comes: addresses are there without any key."""

from typing import Protocol

from records.people.contacts import ContactKind
from sign_in.doors.browser import BrowserDoor
from sign_in.doors.code_requests import CodeRequestDoor
from sign_in.doors.contact import ContactDoor
from sign_in.doors.letter import LetterDoor
from sign_in.doors.linked_identity import LinkedIdentityDoor
from sign_in.doors.online import OnlineDoor
from sign_in.doors.opening import OpeningDoor
from sign_in.doors.own_password import OwnPassword
from sign_in.doors.passkey import PasskeyDoor
from sign_in.doors.password import PasswordDoor
from sign_in.doors.professional import ProfessionalDoor
from sign_in.passkeys.own import OwnPasskeys
from sign_in.sessions.own import OwnSessions


class Doors(Protocol):
    @property
    def password(self) -> PasswordDoor: ...

    @property
    def letter(self) -> LetterDoor: ...

    @property
    def code_requests(self) -> CodeRequestDoor: ...

    @property
    def browser(self) -> BrowserDoor: ...

    @property
    def contact(self) -> ContactDoor: ...

    @property
    def own_password(self) -> OwnPassword: ...

    @property
    def passkey(self) -> PasskeyDoor: ...

    @property
    def own_passkeys(self) -> OwnPasskeys: ...

    @property
    def france_connect(self) -> LinkedIdentityDoor: ...

    @property
    def for_others(self) -> OpeningDoor: ...

    @property
    def online(self) -> OnlineDoor: ...

    def carries(self, kind: ContactKind) -> bool: ...

    @property
    def professionals(self) -> ProfessionalDoor: ...

    @property
    def own_sessions(self) -> OwnSessions: ...
