"""Requests about what the holder is told, and where."""

from collections.abc import Mapping
from uuid import UUID

from audit.canonical import parse
from keyvault.crypto.members import members
from keyvault.verbs.signed.request import RECORD, Named, Read, SignedRequest, reading
from records.vocabulary.codes import Action


def _acknowledge(named: Named, _: bytes) -> SignedRequest:
    return reading(named["record"], Action.ACKNOWLEDGE, acknowledge={"notices": [UUID(named["notice"])]})


def _notices(named: Named, _: bytes) -> SignedRequest:
    return reading(named["record"], Action.READ_NOTICES, notices={})


def _contacts(named: Named, _: bytes) -> SignedRequest:
    return reading(named["record"], Action.READ_CONTACTS, contacts={})


def _put_contact(named: Named, body: bytes) -> SignedRequest:
    stated = {"kind": named["kind"], **members(parse(body), {"address"})}
    return reading(named["record"], Action.SET_CONTACT, put_contact=stated)


def _confirm_contact(named: Named, body: bytes) -> SignedRequest:
    stated = {"kind": named["kind"], **members(parse(body), {"code"})}
    return reading(named["record"], Action.CONFIRM_CONTACT, confirm_contact=stated)


def _delete_contact(named: Named, _: bytes) -> SignedRequest:
    return reading(named["record"], Action.DELETE_CONTACT, delete_contact={"kind": named["kind"]})


NOTICES: Mapping[tuple[str, str], Read] = {
    ("GET", f"{RECORD}/notices"): _notices,
    ("DELETE", f"{RECORD}/notices/{{notice}}"): _acknowledge,
    ("GET", f"{RECORD}/contacts"): _contacts,
    ("PUT", f"{RECORD}/contacts/{{kind}}"): _put_contact,
    ("POST", f"{RECORD}/contacts/{{kind}}/confirmation"): _confirm_contact,
    ("DELETE", f"{RECORD}/contacts/{{kind}}"): _delete_contact,
}
