"""How a credential is refused."""

from records.errors import Refused


class CredentialError(Refused):
    """A credential is not accepted."""

    code = "token_invalid"
