"""An OpenID provider as an installation is told of it: Pro Santé Connect unless something else is said."""

from dataclasses import dataclass, field

PRO_SANTE_CONNECT_SCOPE = "openid scope_all"
EIDAS1 = "eidas1"
"""The level that Pro Santé Connect proves (acr)."""
TWO_FACTORS = ("eidas2", "eidas3")
"""What a patient's password and code are worth, and more."""
ALGORITHMS = ("RS256", "PS256", "ES256")
"""Of signatures of the provider; neither none nor one under a secret that the client shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """A provider and this client of it. `issuer` is the address below which it describes itself; `levels`
    are the values of acr that are accepted, the first of which is asked for.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    scope: str = PRO_SANTE_CONNECT_SCOPE
    levels: tuple[str, ...] = (EIDAS1,)
    knows_people: bool = True
    """Whether it is asked for userinfo, and to confirm its access token; else only who it is is taken."""
    allow_http: bool = False
    """On the loopback of a demo or test; elsewhere each address of the provider is https."""
