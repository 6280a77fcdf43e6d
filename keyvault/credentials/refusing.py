"""The refusal of a credential."""

from records.errors import Refused


class CredentialError(Refused):
    """A credential is not accepted."""

    code = "token_invalid"
