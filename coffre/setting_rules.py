"""Rules for settings: which contradict each other, and which a production or a new installation wants.

Nothing is opened: a rule looks at the settings alone.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coffre import setting_forms
from coffre.setting_places import lies_outside, outside
from records.errors import Invalid
from records.vocabulary.codes import Environment

if TYPE_CHECKING:
    from coffre.settings import Settings

INPROCESS = "inprocess://"
NOWHERE = "unix:///nowhere"
"""COFFRE_VAULT_URL of a process that asks no vault, whatever it is told."""
_DATABASES = ("sqlite:", "postgresql:", "postgresql+psycopg:")
_PLACES = ("file:", "s3:", "minio:")

Wanted = tuple[tuple[bool, str], ...]
"""Whether something holds, and what is wanted if it does not."""


def takes_proxy_for_callers(public_url: str, trusted_proxies: str) -> bool:
    """Whether limits and pauses would count everybody as one: TLS ends in a proxy, and none is named."""
    return public_url.startswith("https://") and not trusted_proxies.strip()


def check(settings: "Settings", *, for_init: bool = False) -> None:
    """Refuse what this version can't do or what contradicts itself, naming everything and its remedy.

    Raises `Invalid` "bad_setting"; "non_eea_region" where a place alone is wrong, "not_for_production" where
    production alone wants more.
    """
    bad, elsewhere = [*_contradictions(settings)], [*_elsewhere(settings)]
    wanted = (*_wanted_by_production(settings), *(_wanted_by_init(settings) if for_init else ()))
    missing = [what for holds, what in wanted if not holds] if _is_production(settings) else []
    wants = [f"COFFRE_ENVIRONMENT=production wants {'; '.join(missing)}."] if missing else []
    found = {"bad_setting": bad, "non_eea_region": elsewhere, "not_for_production": wants}
    if code := next((code for code, told in found.items() if told), None):
        raise Invalid(" ".join((*bad, *elsewhere, *wants)), code=code)


def _is_production(settings: "Settings") -> bool:
    return settings.environment is Environment.PRODUCTION


def _contradictions(settings: "Settings") -> Iterator[str]:
    yield from _other_kinds(settings)
    yield from _halves(settings)
    yield from setting_forms.other_forms(settings)


def _elsewhere(settings: "Settings") -> Iterator[str]:
    """R50: nothing lies outside the EEA, as far as names of known providers tell."""
    for field, value in settings:
        if isinstance(value, str) and lies_outside(name := f"COFFRE_{field.upper()}", value):
            yield outside(name)


def _other_kinds(settings: "Settings") -> Iterator[str]:
    """Addresses of a store, queue or vault of a kind that is not known."""
    for name, given, schemes in (
        ("COFFRE_QUEUE_URL", settings.queue_url, ("inprocess:", "redis:", "rediss:", "amqp:", "amqps:")),
        ("COFFRE_VAULT_URL", settings.vault_url, ("inprocess:", "unix:", "https:")),
        ("COFFRE_INDEX_URL", settings.index_url, _DATABASES),
        ("COFFRE_VAULT_STORE_URL", settings.vault_store_url, _DATABASES),
        ("COFFRE_DAY_KEYS_URL", settings.day_keys_url, _DATABASES),
        ("COFFRE_ACCOUNTS_URL", settings.accounts_url, _DATABASES),
        ("COFFRE_OBJECTS_URL", settings.objects_url, _PLACES),
        ("COFFRE_SECOND_PLACE_URL", settings.second_place_url, _PLACES),
    ):
        if given and not given.startswith(schemes):
            yield f"{name} begins with one of {', '.join(schemes)}."


def _halves(settings: "Settings") -> Iterator[str]:
    """Settings that come in twos, of which one is missing."""
    apart = (settings.vault_store_url, settings.day_keys_url)
    if any(apart) and not all(apart):
        yield (
            "The vault's store and its day keys are two databases: set COFFRE_VAULT_STORE_URL and "
            "COFFRE_DAY_KEYS_URL, or neither."
        )
    psc = (settings.psc_issuer, settings.psc_client_id, settings.psc_client_secret)
    if any(psc) and not all(psc):
        yield (
            "Pro Santé Connect wants three: set COFFRE_PSC_ISSUER, COFFRE_PSC_CLIENT_ID and "
            "COFFRE_PSC_CLIENT_SECRET, or none."
        )
    linked = (
        settings.franceconnect_issuer,
        settings.franceconnect_client_id,
        settings.franceconnect_client_secret,
    )
    if any(linked) and not all(linked):
        yield (
            "FranceConnect wants three: set COFFRE_FRANCECONNECT_ISSUER, COFFRE_FRANCECONNECT_CLIENT_ID and "
            "COFFRE_FRANCECONNECT_CLIENT_SECRET, or none."
        )
    if (settings.s3_access_key_id is None) != (settings.s3_secret_access_key is None):
        yield (
            "A key has two halves: set COFFRE_S3_ACCESS_KEY_ID and COFFRE_S3_SECRET_ACCESS_KEY, or neither."
        )


def _wanted_by_production(settings: "Settings") -> Wanted:
    psc = settings.psc_issuer or "https://"
    return (
        (
            psc.startswith("https://") and ".bas." not in psc,
            "the real Pro Santé Connect, not its trial (bas): COFFRE_PSC_ISSUER=https://…, or none",
        ),
        (
            (settings.franceconnect_issuer or "https://").startswith("https://"),
            "COFFRE_FRANCECONNECT_ISSUER=https://…, or none",
        ),
        (
            not any(each.lower().startswith("http:") for each in settings.named_origins()),
            "pages that nobody changes on their way: COFFRE_ALLOWED_ORIGINS=https://…",
        ),
        (settings.vault_url != INPROCESS, "the vault apart: COFFRE_VAULT_URL=unix:///… or https://…"),
        ((settings.public_url or "").startswith("https://"), "its origin: COFFRE_PUBLIC_URL=https://…"),
        (
            settings.objects_public_url is None or settings.objects_public_url.startswith("https://"),
            "COFFRE_OBJECTS_PUBLIC_URL=https://…, or none",
        ),
        (
            settings.require_possession is not False,
            "proofs of possession: no COFFRE_REQUIRE_POSSESSION=false",
        ),
    )


def _wanted_by_init(settings: "Settings") -> Wanted:
    """What only a new installation must have."""
    bare = "file:" in settings.root_url and not settings.passphrase()
    return (
        (
            bool(settings.operators) or settings.authority_public is not None,
            "whom to accept first: two operators, COFFRE_OPERATORS=NAME=FILE,NAME=FILE, or "
            "COFFRE_AUTHORITY_PUBLIC=FILE",
        ),
        (
            bool(settings.authority_issuer) or (bool(settings.operators) and not settings.authority_public),
            "its name in tokens: COFFRE_AUTHORITY_ISSUER",
        ),
        (
            not bare,
            "a root that no copy of a file gives away: COFFRE_VAULT_ROOT, or COFFRE_VAULT_PASSPHRASE",
        ),
    )
