"""Forms of settings: origins, listeners, lists and addresses, each written as one is. Nothing is opened."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from coffre.installation.address_forms import is_listener, is_origin
from coffre.notifying.sms_address import read_sms_address
from coffre.notifying.smtp_address import read_smtp_address
from coffre.notifying.syslog_address import read_syslog_address
from coffre.trusted_proxies import WIDEST, TooWideError
from records.errors import Invalid
from records.people.contacts import ContactKind, read_contact
from records.text.numbers import is_whole
from storage.objects.address import parse

if TYPE_CHECKING:
    from coffre.settings import Settings


def other_forms(settings: "Settings") -> Iterator[str]:
    """A sentence for each setting that is not written as one is."""
    for name, given in (
        ("COFFRE_PUBLIC_URL", settings.public_url),
        ("COFFRE_OBJECTS_PUBLIC_URL", settings.objects_public_url),
        ("COFFRE_MACHINES_URL", settings.machines_url),
    ):
        if given is not None and not is_origin(given):
            yield f"{name} is an origin such as https://coffre.example."
    if any(not is_whole(user) for _, user in settings.named_peers()):
        yield "COFFRE_VAULT_PEERS is door=uid,door=uid…"
    if settings.operator_address is not None and not is_listener(settings.operator_address):
        yield "COFFRE_OPERATOR_ADDRESS is host:port, such as 127.0.0.1:9464."
    yield from _addresses(settings)
    yield from _stores(settings)
    yield from _notices(settings)
    yield from _proxies("COFFRE_TRUSTED_PROXIES", settings.proxies)
    yield from _proxies("COFFRE_CERTIFICATE_PROXIES", settings.certifying)
    yield from _refused(lambda: read_syslog_address(settings.syslog_url or "unix:///dev/log"))
    yield from _refused(settings.origins)
    try:
        settings.first_operators()
    except ValueError:
        yield "COFFRE_OPERATORS is NAME=FILE,NAME=FILE: two persons or more, each with a key of their own."


def is_address(value: str) -> bool:
    """Whether it can be told apart into the parts of an address."""
    try:
        urlsplit(value)
    except ValueError:
        return False
    return True


def _addresses(settings: "Settings") -> Iterator[str]:
    for name, given in (
        ("COFFRE_VAULT_URL", settings.vault_url),
        ("COFFRE_QUEUE_URL", settings.queue_url),
        ("COFFRE_PSC_ISSUER", settings.psc_issuer),
        ("COFFRE_FRANCECONNECT_ISSUER", settings.franceconnect_issuer),
    ):
        if given is not None and not is_address(given):
            yield f"{name} is no address: write it as https://host:port."


def _stores(settings: "Settings") -> Iterator[str]:
    """But the place, which has a rule and a code of its own."""
    for name, given in (
        ("COFFRE_OBJECTS_URL", settings.objects_url),
        ("COFFRE_SECOND_PLACE_URL", settings.second_place_url),
    ):
        if given is not None and given.startswith(("s3:", "minio:")):
            yield from _refused(lambda given=given, name=name: parse(given, name))  # type: ignore[misc]


def _notices(settings: "Settings") -> Iterator[str]:
    """How messages leave, and whom they are from."""
    yield from _refused(lambda: read_sms_address(settings.sms_url))
    try:
        sends = read_smtp_address(settings.notices_url) is not None
    except Invalid as error:
        yield error.sentence
        return
    sender = settings.notices_from
    if sends and sender is None:
        yield "Messages are from somebody: set COFFRE_NOTICES_FROM, such as avis@coffre.example."
    try:
        if sender is not None:
            read_contact(ContactKind.EMAIL, sender)
    except Invalid:
        yield "COFFRE_NOTICES_FROM is an e-mail address, such as avis@coffre.example."


def _proxies(name: str, read: Callable[[], object]) -> Iterator[str]:
    try:
        read()
    except TooWideError:
        yield (
            f"{name} trusts a network with callers in it, who could then say they are anybody: name the "
            f"proxies alone, a network of at most /{WIDEST[4]}, in IPv6 /{WIDEST[6]}."
        )
    except ValueError:
        yield f"{name} names addresses or networks: 10.0.0.5,10.1.0.0/16."


def _refused(read: Callable[[], object]) -> Iterator[str]:
    try:
        read()
    except Invalid as error:
        if error.code != "non_eea_region":
            yield error.sentence
