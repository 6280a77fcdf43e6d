"""Make the calls of one operator or of two, and raise the vault's refusals as errors with their reason."""

from pathlib import Path
from typing import TypeVar

from client.options import read_token
from coffre.demo_authority.identities import Identities
from coffre.installation.installation import Installation
from keyvault.verbs.call import Call, Denied
from records.errors import CoffreError
from records.vocabulary.codes import PurposeOfUse

T = TypeVar("T")


def acting(system: Installation, file: Path | None) -> Call:
    """Who acts on the command line: the operator whose token is in `file`, else the command line itself."""
    return Identities(system).operator() if file is None else Call(token=read_token(file))


def together(first: Path, second: Path) -> list[Call]:
    """Two operators, each with a file of their own; the vault makes sure that they are two."""
    return [Call(token=read_token(file), purpose=PurposeOfUse.MAINTENANCE) for file in (first, second)]


def permitted(answer: T | Denied) -> T:
    """What the vault answered an operator. Raises CoffreError with the reason where it refused."""
    if isinstance(answer, Denied):
        raise CoffreError("The vault refuses this to the operator.", code=answer.reason.value)
    return answer
