"""`coffre identity withdraw`: withdraw a credential; the vault refuses it from the next call on."""

from pathlib import Path
from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import Data, Operator, Yes
from coffre.command_line.output import confirm


def withdraw(
    token: Annotated[Path | None, typer.Option("--token-file", help="File with the credential.")] = None,
    jti: Annotated[str | None, typer.Option("--jti", help="The credential's number, its claim jti.")] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Everything issued until now to this subject.")
    ] = None,
    structure: Annotated[
        str, typer.Option("--structure", help="The structure that the subject's credentials name.")
    ] = "",
    operator: Operator = None,
    yes: Yes = False,
    data: Data = None,
) -> None:
    """Withdraw a credential, or all of a person: stolen, lent, or of somebody who left.

    Their next call is refused, and so is the next range of a grant that the embedded store serves. A new
    credential is accepted. Deposits that were received before stay.
    """
    with opened_installation(data) as installation:
        from client.options import read_token
        from coffre.operators.calls import acting, permitted
        from keyvault.credentials.tokens import number_of
        from records.errors import Invalid

        if [token, jti, subject].count(None) != 2:
            raise Invalid("Give one of --token-file, --jti and --subject.", code="bad_request")
        number = number_of(read_token(token)) if token is not None else jti
        confirm(yes, "Withdraw this credential?" if number else "Withdraw all credentials of this person?")
        withdrawing = installation.guard.operator.withdraw_credential
        permitted(
            withdrawing(acting(installation, operator), jti=number, subject=subject, structure=structure)
        )
    print("Withdrawn: it is refused from the next call on.")
