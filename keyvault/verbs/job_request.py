"""The request behind a job, as its sealed row keeps it: one JSON form (docs/formats.md section 8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from records.people.actors import Actor
from records.people.actors_json import actor_from_json, actor_to_json


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class JobRequest:
    """The document that a job is about, and what its kind adds.

    A withdrawal: `code`, the reason for rejection, and `instances`, SOP Instance UIDs. A discharge or a
    destruction: `first`, the operator who proposed it, and `reason`; a discharge `target`, the record that it
    goes into, and `after`, the refused discharge it repeats. The first opening adds the newest row `version`
    that the job is about, and what has to be `left` (`keyvault.verbs.worker.jobs.job_result`); of a rendering
    also `row`, the version of the row that gets another in its place: None once nothing came of it.
    """

    document: UUID
    code: str | None = None
    instances: tuple[str, ...] = ()
    first: Actor | None = None
    reason: str | None = None
    target: UUID | None = None
    after: UUID | None = None
    version: int | None = None
    left: str | None = None
    row: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Without the members that this job doesn't have."""
        members = {
            "document": str(self.document),
            "code": self.code,
            "instances": list(self.instances) or None,
            "first": None if self.first is None else actor_to_json(self.first),
            "reason": self.reason,
            "target": _text(self.target),
            "after": _text(self.after),
            "version": self.version,
            "left": self.left,
            "row": self.row,
        }
        return {name: value for name, value in members.items() if value is not None}

    @classmethod
    def of_json(cls, members: Mapping[str, Any]) -> Self:
        first = members.get("first")
        return cls(
            document=UUID(members["document"]),
            code=members.get("code"),
            instances=tuple(members.get("instances", ())),
            first=None if first is None else actor_from_json(first),
            reason=members.get("reason"),
            target=_id(members.get("target")),
            after=_id(members.get("after")),
            version=members.get("version"),
            left=members.get("left"),
            row=members.get("row"),
        )


def _text(found: UUID | None) -> str | None:
    return None if found is None else str(found)


def _id(found: str | None) -> UUID | None:
    return None if found is None else UUID(found)
