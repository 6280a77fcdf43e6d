"""A passkey's row and its challenges have the bytes that were made without this code (tests/vectors)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from keyvault.credentials.account_keys import AccountKeys
from records.text.base64url import b64
from sign_in.passkeys.challenges import LIFE_MS, ChallengeLapsed, Challenges, Use
from sign_in.passkeys.passkey import Passkeys
from sign_in.store import AccountTransaction

CASE: Mapping[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "passkeys.json").read_text())
KEYS = AccountKeys(bytes.fromhex(CASE["secret"]))


class Rows:
    """One table in memory: as much of a transaction as is asked here."""

    def __init__(self, row: Mapping[str, Any] | None = None) -> None:
        self._row = row

    def get(self, _table: str, **_key: object) -> Mapping[str, Any] | None:
        return self._row

    def delete(self, _table: str, **_where: object) -> int:
        return 0

    def insert_new(self, _table: str, *_rows: object) -> bool:
        return True


def rows(row: Mapping[str, Any] | None = None) -> AccountTransaction:
    return cast("AccountTransaction", Rows(row))


def test_a_row_opens_with_its_name_account_and_version() -> None:
    account, credential = UUID(CASE["account_id"]), bytes.fromhex(CASE["credential"])
    passkeys = Passkeys(KEYS)
    assert passkeys.name(credential).hex() == CASE["name"]
    assert passkeys.handle(account).hex() == CASE["handle"]
    row = {
        "passkey": bytes.fromhex(CASE["name"]),
        "account_id": account,
        "sealed": bytes.fromhex(CASE["sealed"]),
        "uses": CASE["version"],
        "made_at": 1,
    }
    found = passkeys.of_credential(rows(row), credential)
    assert found is not None and found.version == CASE["version"]
    told = {name: getattr(found, name) for name in CASE["content"]}
    assert told | {name: b64(told[name]) for name in ("credential", "public")} == CASE["content"]


def test_a_challenge_is_known_again_until_it_is_over() -> None:
    case, at = CASE["challenge"], 1_800_000_000_000
    challenge, challenges = bytes.fromhex(case["value"]), Challenges(KEYS)
    challenges.spend(rows(), challenge, Use(case["use"]), case["asker"], at + LIFE_MS - 1)
    with pytest.raises(ChallengeLapsed):
        challenges.spend(rows(), challenge, Use(case["use"]), case["asker"], at + LIFE_MS)
