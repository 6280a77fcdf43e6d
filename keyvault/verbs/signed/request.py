"""A signed request as the vault takes it, and how the readers of addresses state one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from records.vocabulary.codes import Action

Arguments = Mapping[str, object]
Named = Mapping[str, str]
"""What stands in an address where its template has a name."""


@dataclass(frozen=True, slots=True)
class SignedThings:
    """What a grant is asked for; neither means everything."""

    studies: tuple[str, ...] = ()
    documents: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """`verbs` are those of the request, with the arguments it fixes; `locator` names its record.

    `things`: of a request that leads to a grant. `stated`: purpose and reason, where they stand in its body.
    """

    locator: str | None = field(repr=False)
    verbs: Mapping[str, Arguments] = field(repr=False)
    things: SignedThings | None = None
    stated: tuple[str, str | None] | None = field(default=None, repr=False)


Read = Callable[[Named, bytes], SignedRequest]

RECORD = "/records/{record}"


def reading(record: str, action: Action = Action.SEARCH, **verbs: Arguments) -> SignedRequest:
    """`verbs` on a record, which is found for `action`."""
    return SignedRequest(record, {"resolve": {"locator": record, "action": action}, **verbs})
