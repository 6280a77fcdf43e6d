"""Rules for settings: which contradict each other, and which a production or a new installation wants.

Nothing is opened: a rule looks at the settings alone.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coffre.installation.address_forms import is_listener, is_origin
from coffre.notifying.sms_address import read_sms_address
from coffre.notifying.smtp_address import read_smtp_address
from coffre.notifying.syslog_address import read_syslog_address
from records.errors import Invalid
from records.people.contacts import ContactKind, read_contact
from records.text.numbers import is_whole
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

    Raises `Invalid` "bad_setting", or "not_for_production" where production alone wants more.
    """
    bad = [*_contradictions(settings)]
    wanted = (*_wanted_by_production(settings), *(_wanted_by_init(settings) if for_init else ()))
    missing = [what for holds, what in wanted if not holds]
    if settings.environment is Environment.PRODUCTION and missing:
        bad.append(f"COFFRE_ENVIRONMENT=production wants {'; '.join(missing)}.")
    if bad:
        only_missing = len(bad) == 1 and bool(missing) and settings.environment is Environment.PRODUCTION
        raise Invalid(" ".join(bad), code="not_for_production" if only_missing else "bad_setting")


def _contradictions(settings: "Settings") -> Iterator[str]:
    yield from _other_kinds(settings)
    yield from _halves(settings)
    yield from _other_forms(settings)


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


def _other_forms(settings: "Settings") -> Iterator[str]:
    """Origins, listeners and lists that are not written as one is."""
    for name, given in (
        ("COFFRE_PUBLIC_URL", settings.public_url),
        ("COFFRE_OBJECTS_PUBLIC_URL", settings.objects_public_url),
    ):
        if given is not None and not is_origin(given):
            yield f"{name} is an origin such as https://coffre.example."
    if any(not is_whole(user) for _, user in settings.named_peers()):
        yield "COFFRE_VAULT_PEERS is door=uid,door=uid…"
    if settings.operator_address is not None and not is_listener(settings.operator_address):
        yield "COFFRE_OPERATOR_ADDRESS is host:port, such as 127.0.0.1:9464."
    yield from _notices(settings)
    try:
        read_syslog_address(settings.syslog_url or "unix:///dev/log")
    except Invalid as error:
        yield error.sentence
    try:
        settings.origins()
    except Invalid as error:
        yield error.sentence
    try:
        settings.proxies()
    except ValueError:
        yield "COFFRE_TRUSTED_PROXIES names addresses or networks: 10.0.0.5,10.1.0.0/16."
    try:
        settings.first_operators()
    except ValueError:
        yield "COFFRE_OPERATORS is NAME=FILE,NAME=FILE: two persons or more, each with a key of their own."
    try:
        settings.certifying()
    except ValueError:
        yield "COFFRE_CERTIFICATE_PROXIES names addresses or networks: 10.0.0.5,10.1.0.0/16."


def _notices(settings: "Settings") -> Iterator[str]:
    """How messages leave, and whom they are from."""
    try:
        sends = read_smtp_address(settings.notices_url) is not None
    except Invalid as error:
        yield error.sentence
        return
    try:
        read_sms_address(settings.sms_url)
    except Invalid as error:
        yield error.sentence
    sender = settings.notices_from
    if sends and sender is None:
        yield "Messages are from somebody: set COFFRE_NOTICES_FROM, such as avis@coffre.example."
    try:
        if sender is not None:
            read_contact(ContactKind.EMAIL, sender)
    except Invalid:
        yield "COFFRE_NOTICES_FROM is an e-mail address, such as avis@coffre.example."


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
