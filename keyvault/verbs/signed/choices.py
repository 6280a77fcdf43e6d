"""Requests that change the card: authorisations, blocks, refusals, consent, emergency modes."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from audit.canonical import parse
from keyvault.crypto.members import items, members, text
from keyvault.verbs.signed.request import RECORD, Named, Read, SignedRequest, reading
from records.vocabulary.codes import Action


def _choices(named: Named, _: bytes) -> SignedRequest:
    return reading(named["record"], choices={"about": None, "team": None})


def _authorise(named: Named, body: bytes) -> SignedRequest:
    stated = members(parse(body), {"professional"}, {"until", "permanent", "scope"})
    return _changing(named["record"], Action.AUTHORISE, **stated)


def _choose(named: Named, body: bytes) -> SignedRequest:
    """The same defaults as the route's (`viewer_api/routes/choices.py`)."""
    stated = members(parse(body), {"documents"}, {"kinds", "with_linked"})
    kinds = [members(each, set(), {"class", "domain"}) for each in items(stated.get("kinds", []))]
    chosen = {
        "professional": named["professional"],
        "documents": [UUID(text(each)) for each in items(stated["documents"])],
        "kinds": [(each.get("class"), each.get("domain")) for each in kinds],
        "with_linked": stated.get("with_linked", True),
    }
    return reading(named["record"], Action.CHOOSE, choose=chosen)


def _choices_about(named: Named, _: bytes) -> SignedRequest:
    return reading(named["record"], choices={"about": named["professional"], "team": None})


def _consent(action: Action, named: Named, _: bytes) -> SignedRequest:
    return _changing(named["record"], action)


def _add(action: Action, named: Named, body: bytes) -> SignedRequest:
    return _changing(named["record"], action, **members(parse(body), {"professional"}))


def _take_off(action: Action, named: Named, _: bytes) -> SignedRequest:
    return _changing(named["record"], action, professional=named["professional"])


def _block_structure(named: Named, body: bytes) -> SignedRequest:
    return _changing(named["record"], Action.BLOCK, **members(parse(body), {"structure"}))


def _unblock_structure(named: Named, _: bytes) -> SignedRequest:
    return _changing(named["record"], Action.UNBLOCK, structure=named["structure"])


def _refuse_deposits(what: str, named: Named, body: bytes) -> SignedRequest:
    return _changing(named["record"], Action.REFUSE_DEPOSITS, **members(parse(body), {what}))


def _admit_deposits(what: str, named: Named, _: bytes) -> SignedRequest:
    return _changing(named["record"], Action.ADMIT_DEPOSITS, **{what: named[what]})


def _emergency(named: Named, body: bytes) -> SignedRequest:
    modes = members(parse(body), {"bris_de_glace", "centre_15"})
    return _changing(named["record"], Action.SET_EMERGENCY, emergency=modes)


def _changing(record: str, action: Action, **stated: Any) -> SignedRequest:
    nothing = {
        "professional": None,
        "structure": None,
        "kind": None,
        "until": None,
        "permanent": False,
        "scope": None,
        "emergency": None,
    }
    return reading(record, action, change_card={"wanted": nothing | {"action": action, **stated}})


CHOICES: Mapping[tuple[str, str], Read] = {
    ("GET", f"{RECORD}/authorisations"): _choices,
    ("POST", f"{RECORD}/authorisations"): _authorise,
    ("DELETE", f"{RECORD}/authorisations/{{professional}}"): partial(_take_off, Action.REVOKE),
    ("GET", f"{RECORD}/authorisations/{{professional}}"): _choices_about,
    ("PUT", f"{RECORD}/authorisations/{{professional}}/chosen"): _choose,
    ("PUT", f"{RECORD}/consent"): partial(_consent, Action.GIVE_CONSENT),
    ("DELETE", f"{RECORD}/consent"): partial(_consent, Action.WITHDRAW_CONSENT),
    ("POST", f"{RECORD}/blocks"): partial(_add, Action.BLOCK),
    ("DELETE", f"{RECORD}/blocks/{{professional}}"): partial(_take_off, Action.UNBLOCK),
    ("POST", f"{RECORD}/blocked-structures"): _block_structure,
    ("DELETE", f"{RECORD}/blocked-structures/{{structure}}"): _unblock_structure,
    ("POST", f"{RECORD}/refused-structures"): partial(_refuse_deposits, "structure"),
    ("DELETE", f"{RECORD}/refused-structures/{{structure}}"): partial(_admit_deposits, "structure"),
    ("POST", f"{RECORD}/refused-kinds"): partial(_refuse_deposits, "kind"),
    ("DELETE", f"{RECORD}/refused-kinds/{{kind}}"): partial(_admit_deposits, "kind"),
    ("POST", f"{RECORD}/attending-doctors"): partial(_add, Action.NAME_ATTENDING),
    ("DELETE", f"{RECORD}/attending-doctors/{{professional}}"): partial(_take_off, Action.REMOVE_ATTENDING),
    ("PUT", f"{RECORD}/emergency"): _emergency,
}
