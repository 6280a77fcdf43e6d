"""Identities of the demo authority: its key is used here alone, by commands (docs/vault.md section 4)."""

import re
import time
from typing import Any

from coffre.installation.installation import Installation
from coffre.installation.places import read_secret
from keyvault.credentials.authority import Authority
from keyvault.verbs.call import Call, Denied
from records.errors import Invalid, Refused
from records.people.identity import INS, check_oid, default_oid
from records.vocabulary.codes import Environment, Role
from records.vocabulary.sectors import OWN_PRACTICE

_NAME = re.compile(r"[\w][\w .'-]{0,63}")


class Identities:
    """Issues tokens for a system of demo or test."""

    def __init__(self, system: Installation) -> None:
        """Raises `Refused` "demo_only" in production, CoffreError "key_file_missing"."""
        identity = system.identity
        if identity.environment is Environment.PRODUCTION:
            raise Refused(
                "Production has no demo authority: give a token of your own authority with --operator FILE.",
                code="demo_only",
            )
        self._system = system
        self._identity = identity
        self._authority = Authority(
            read_secret(system.places.authority_key), environment=identity.environment, issuer=identity.issuer
        )

    def operator(self) -> Call:
        """The five-minute token with which the command line acts."""
        return Call(token=self._issue(Role.OPERATOR, "coffre command line"))

    def named_operator(self, person: str) -> str:
        """A five-minute token of a person who operates: two of them ask together for what one may not."""
        if not _NAME.fullmatch(person):
            raise Invalid(
                "An operator's name is 1 to 64 letters, digits, spaces, . - and '.", code="bad_name"
            )
        return self._logged(Role.OPERATOR, " ".join(person.casefold().split()))

    def depositor(self, structure: str, *, setting: str | None = None, key: str | None = None) -> str:
        """`key` here and below: the thumbprint of the key that the token is bound to."""
        return self._logged(
            Role.DEPOSITOR, f"depositor of {structure}", structure=structure, setting=setting, key=key
        )

    def professional(
        self, rpps: str, profession: str, structure: str, *, sector: str = OWN_PRACTICE, **more: str | None
    ) -> str:
        claims = {name: value for name, value in more.items() if value} | {"sector": sector}
        return self._logged(
            Role.PROFESSIONAL, rpps, rpps=rpps, profession=profession, structure=structure, **claims
        )

    def patient(self, ins_text: str, *, key: str | None = None) -> str:
        matricule, _, oid = ins_text.partition("|")
        environment = self._identity.environment
        ins = INS.parse(matricule, check_oid(oid or default_oid(environment), environment))
        return self._logged(Role.PATIENT, ins.value, ins=ins, key=key)

    def _logged(self, role: Role, subject: str, **claims: Any) -> str:
        """The vault notes the issue before the token exists."""
        answer = self._system.guard.operator.issue_identity(self.operator(), role.value)
        if isinstance(answer, Denied):
            raise Refused("The vault refuses to issue this identity.", code=answer.reason.value)
        return self._issue(role, subject, **claims)

    def _issue(self, role: Role, subject: str, **claims: Any) -> str:
        return self._authority.issue(
            role=role, subject=subject, audience=self._identity.audience, now=int(time.time()), **claims
        )
