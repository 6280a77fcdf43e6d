"""What a job was asked for, as the vault's rows have kept it since 0.1.0 (docs/formats.md section 8)."""

from typing import Any
from uuid import UUID

import pytest

from keyvault.verbs.job_request import JobRequest
from records.people.actors import Actor
from records.vocabulary.codes import Role

DOCUMENT, RECORD, EARLIER = UUID(int=1), UUID(int=2), UUID(int=3)
OPERATOR = Actor(role=Role.OPERATOR, issuer="issuer", subject="anne", issued_at=5, expires_at=6)
SEALED_OPERATOR = {
    "role": "operator",
    "issuer": "issuer",
    "subject": "anne",
    "rpps": None,
    "profession": None,
    "structure": None,
    "ins": None,
    "sector": None,
    "setting": None,
    "credential_id": "",
    "issued_at": 5,
    "expires_at": 6,
}
REASON = "sent to the record of a namesake"
NAMED = {"document": "00000000-0000-0000-0000-000000000001"}
DESTRUCTION = NAMED | {"first": SEALED_OPERATOR, "reason": REASON}
DISCHARGE = DESTRUCTION | {"target": "00000000-0000-0000-0000-000000000002"}

FORMS: list[tuple[JobRequest, dict[str, Any]]] = [
    (JobRequest(document=DOCUMENT), NAMED),
    (
        JobRequest(document=DOCUMENT, code="113001", instances=("1.2.3", "1.2.4")),
        NAMED | {"code": "113001", "instances": ["1.2.3", "1.2.4"]},
    ),
    (JobRequest(document=DOCUMENT, first=OPERATOR, reason=REASON), DESTRUCTION),
    (JobRequest(document=DOCUMENT, first=OPERATOR, reason=REASON, target=RECORD), DISCHARGE),
    (
        JobRequest(document=DOCUMENT, first=OPERATOR, reason=REASON, target=RECORD, after=EARLIER),
        DISCHARGE | {"after": "00000000-0000-0000-0000-000000000003"},
    ),
    (JobRequest(document=DOCUMENT, version=4, left="ab" * 32), NAMED | {"version": 4, "left": "ab" * 32}),
]


@pytest.mark.parametrize(
    ("request_", "members"),
    FORMS,
    ids=["compaction", "withdrawal", "destruction", "discharge", "repeated discharge", "opened"],
)
def test_a_request_has_one_json_form(request_: JobRequest, members: dict[str, Any]) -> None:
    assert request_.to_json() == members
    assert JobRequest.of_json(members) == request_


def test_a_request_shows_nobody_s_reason_where_it_is_printed() -> None:
    for asked, _ in FORMS:
        assert REASON not in repr(asked) and "anne" not in repr(asked)
