"""Withdraw credentials: stolen, lent, or of somebody who left. They are refused from the next call on."""

from keyvault.context import Vault
from keyvault.credentials import withdrawn
from keyvault.credentials.withdrawn import CredentialName
from keyvault.verbs.attempt import Call, Denied
from keyvault.verbs.operator.permission import alone
from records.errors import Invalid


class WithdrawingVerbs:
    """For the command line of an operator."""

    _vault: Vault

    def withdraw_credential(
        self, call: Call, *, jti: str | None = None, subject: str | None = None, structure: str = ""
    ) -> Denied | None:
        """One credential by its number, or all that name `subject` and `structure` and were issued until now.

        Raises `Invalid` "bad_member" unless exactly one of `jti` and `subject` is given.
        """
        if (jti is None) == (subject is None):
            raise Invalid("Name a credential by its number or a person by their subject.", code="bad_member")
        vault = self._vault
        name = CredentialName(vault.settings.issuer, jti=jti, subject=subject, structure=structure)
        with alone(vault, call, {"withdrawn": "one" if jti else "all of a person"}) as (transaction, denied):
            if denied is None:
                withdrawn.withdraw(transaction.rows, vault.pseudonym, name, transaction.now_ms)
        return denied
