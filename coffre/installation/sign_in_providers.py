"""Providers by which people sign in, from the settings, all of which are there."""

from coffre.installation.installation import Installation
from records.vocabulary.codes import Environment
from sign_in.federation.code_flow import CodeFlow
from sign_in.federation.provider import Provider
from sign_in.federation.settings import TWO_FACTORS, ProviderSettings


def pro_sante_connect(installation: Installation, origin: str) -> CodeFlow:
    """`origin` is that of the name of people."""
    settings = installation.settings
    assert settings.psc_issuer and settings.psc_client_id and settings.psc_client_secret
    provider = ProviderSettings(
        issuer=settings.psc_issuer,
        client_id=settings.psc_client_id,
        client_secret=settings.psc_client_secret.get_secret_value(),
        redirect_uri=f"{origin}/sign-in/psc/retour",
        allow_http=_allows_http(installation),
    )
    return CodeFlow(Provider(provider))


def france_connect(installation: Installation, origin: str) -> CodeFlow:
    """As `pro_sante_connect`; only who somebody is is asked of it."""
    settings = installation.settings
    assert settings.franceconnect_issuer and settings.franceconnect_client_id
    assert settings.franceconnect_client_secret
    provider = ProviderSettings(
        issuer=settings.franceconnect_issuer,
        client_id=settings.franceconnect_client_id,
        client_secret=settings.franceconnect_client_secret.get_secret_value(),
        redirect_uri=f"{origin}/sign-in/franceconnect/retour",
        scope="openid",
        levels=TWO_FACTORS,
        knows_people=False,
        allow_http=_allows_http(installation),
    )
    return CodeFlow(Provider(provider))


def _allows_http(installation: Installation) -> bool:
    return installation.identity.environment is not Environment.PRODUCTION
