"""An actor as sealed JSON, for what must decide again later."""

from dataclasses import asdict
from typing import Any

from records.people.actors import Actor
from records.people.identity import INS
from records.vocabulary.codes import Role


def actor_to_json(actor: Actor) -> dict[str, Any]:
    members = asdict(actor)
    del members["proven_at"]  # what asked for it was decided when this began, and isn't asked again
    members["ins"] = [actor.ins.matricule, actor.ins.oid] if actor.ins else None
    return members


def actor_from_json(members: dict[str, Any]) -> Actor:
    ins = INS(*members["ins"]) if members["ins"] else None
    return Actor(**{**members, "role": Role(members["role"]), "ins": ins})
