"""Requests that form, change and end care teams, and record a consent."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from audit.canonical import parse
from keyvault.crypto.members import items, members, text
from keyvault.verbs.signed.request import RECORD, Arguments, Named, Read, SignedRequest, reading
from records.choices.teams import UNNAMED
from records.vocabulary.codes import Action


def _form_team(named: Named, body: bytes) -> SignedRequest:
    stated = members(parse(body), {"request", "name", "members"}, {"until"})
    formed = {"until": None, **stated, "request": UUID(text(stated["request"]))}
    return reading(named["record"], Action.FORM_TEAM, form_team=formed)


def _record_consent(named: Named, body: bytes) -> SignedRequest:
    """The same defaults as the route's (`viewer_api/routes/teams.py`)."""
    stated = members(parse(body), {"request", "how"}, {"name", "members", "until"})
    unsaid: Arguments = {"name": UNNAMED, "members": [], "until": None}
    recorded = {**unsaid, **stated, "request": UUID(text(stated["request"])), "locator": named["record"]}
    return SignedRequest(named["record"], {"record_consent": recorded})


def _join_team(named: Named, body: bytes) -> SignedRequest:
    stated = members(parse(body), {"members"})
    return _team(Action.JOIN_TEAM, named, items(stated["members"]))


def _leave_team(named: Named, _: bytes) -> SignedRequest:
    return _team(Action.LEAVE_TEAM, named, [named["professional"]])


def _end_team(named: Named, _: bytes) -> SignedRequest:
    return _team(Action.END_TEAM, named, [])


def _team(action: Action, named: Named, people: list[Any]) -> SignedRequest:
    changed = {"team": UUID(named["team"]), "action": action, "members": people}
    return reading(named["record"], action, change_team=changed)


def _team_choices(named: Named, _: bytes) -> SignedRequest:
    return reading(named["record"], choices={"about": None, "team": UUID(named["team"])})


TEAMS: Mapping[tuple[str, str], Read] = {
    ("POST", f"{RECORD}/consents"): _record_consent,
    ("POST", f"{RECORD}/teams"): _form_team,
    ("GET", f"{RECORD}/teams/{{team}}"): _team_choices,
    ("DELETE", f"{RECORD}/teams/{{team}}"): _end_team,
    ("POST", f"{RECORD}/teams/{{team}}/members"): _join_team,
    ("DELETE", f"{RECORD}/teams/{{team}}/members/{{professional}}"): _leave_team,
}
