"""Withdraw credentials: stolen, lent, or of somebody who left. They are refused from the next call on."""

from collections.abc import Iterator
from contextlib import suppress

from keyvault.context import Vault
from keyvault.credentials import withdrawn
from keyvault.credentials.withdrawn import CredentialName
from keyvault.store import VaultTransaction
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.operator.permission import alone
from records.errors import Invalid
from records.people.actors import operator_subject
from records.vocabulary.codes import Role


class WithdrawingVerbs:
    """For the command line of an operator."""

    _vault: Vault

    def withdraw_credential(
        self, call: Call, *, jti: str | None = None, subject: str | None = None, structure: str = ""
    ) -> Denied | None:
        """One credential by its number, or all of a person that were issued until now, whoever issued them.

        `subject` is the national number of a professional or the INS of a patient, or the name of an operator
        or, with `structure`, of a sender's system; whichever of these there is.
        Raises `Invalid` "bad_member" unless exactly one of `jti` and `subject` is given.
        """
        if (jti is None) == (subject is None):
            raise Invalid("Name a credential by its number or a person by their subject.", code="bad_member")
        vault = self._vault
        with alone(vault, call, {"withdrawn": "one" if jti else "all of a person"}) as (transaction, denied):
            if denied is None:
                for name in self._names(transaction.rows, jti, subject, structure):
                    withdrawn.withdraw(transaction.rows, vault.pseudonym, name, transaction.now_ms)
        return denied

    def _names(
        self, tx: VaultTransaction, jti: str | None, subject: str | None, structure: str
    ) -> Iterator[CredentialName]:
        issuers = sorted({each.issuer.name for each in self._vault.issuers.all(tx)})
        if subject is None:
            yield from (CredentialName(each, jti=jti) for each in issuers)
            return
        yield CredentialName(person=(Role.PROFESSIONAL.value, subject))
        yield CredentialName(person=(Role.OPERATOR.value, "", operator_subject(subject)))
        yield CredentialName(person=(Role.DEPOSITOR.value, structure, subject))
        with suppress(Invalid):
            yield CredentialName(person=(Role.PATIENT.value, self._vault.ins(subject).value))
        # grants of before an upgrade are kept under these
        yield from (CredentialName(each, subject=subject, structure=structure) for each in issuers)
