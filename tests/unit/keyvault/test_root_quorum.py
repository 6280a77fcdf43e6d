"""A root that m of n holders bring back together."""

import itertools
import json
from pathlib import Path

import pytest

from keyvault.credentials import private_files
from keyvault.roots.opening import create_root, open_root
from keyvault.roots.quorum import QuorumRoot
from records.errors import CoffreError, Conflict, Invalid

KEY, PLACE = bytes(range(32)), b"shard 1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "root"


def code_of(path: Path, lines: list[str]) -> str:
    with pytest.raises(CoffreError) as caught:
        QuorumRoot.open(path, lines)
    return caught.value.code


def test_any_three_of_five_open_it_in_any_order_and_fewer_do_not(path: Path) -> None:
    root, lines = QuorumRoot.create(path, needed=3, shares=5)
    wrapped = root.wrap(KEY, PLACE)
    for some in itertools.permutations(lines, 3):
        assert QuorumRoot.open(path, some).unwrap(wrapped, PLACE) == KEY
    for few in itertools.combinations(lines, 2):
        assert code_of(path, list(few)) == "root_shares_missing"
    assert code_of(path, [lines[0]] * 5) == "root_shares_missing"


def test_where_nobody_is_there_to_type_the_shares_that_are_missing_are_told(path: Path) -> None:
    """As in a unit, which has no terminal."""
    QuorumRoot.create(path, needed=2, shares=2)
    with pytest.raises(CoffreError, match="0 of the 2 shares needed are here") as caught:
        open_root(f"quorum:{path}", environ={}, ask=lambda _: None)
    assert caught.value.code == "root_shares_missing"


def test_neither_the_file_nor_a_share_holds_the_root(path: Path) -> None:
    root, lines = QuorumRoot.create(path, needed=2, shares=2)
    for text in (path.read_text(), *lines):
        assert root._key.hex() not in text
    assert set(json.loads(path.read_text())) == {"format", "id", "needed", "shares", "check"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_miscopied_share_is_told(path: Path) -> None:
    _, lines = QuorumRoot.create(path, needed=2, shares=3)
    other = "B" if lines[0][40] == "A" else "A"
    miscopied = lines[0][:40] + other + lines[0][41:]
    for bad in (miscopied, lines[0][:-1], "", "coffre-share-v1.a.1.3.2.AA.00000000", "é" * 90):
        assert code_of(path, [bad, lines[1]]) == "root_share_invalid"


def test_a_forged_share_is_told(path: Path) -> None:
    from keyvault.roots.quorum import Share, read_share

    _, lines = QuorumRoot.create(path, needed=2, shares=3)
    true = read_share(lines[0])
    for part in (bytes([true.part[0] ^ 1]) + true.part[1:], read_share(lines[1]).part):
        forged = Share(true.root_id, 1, 3, 2, part).line()
        assert code_of(path, [forged, lines[1]]) == "root_shares_wrong"
    assert "part" not in repr(true)


def test_a_share_of_another_root_is_told(path: Path, tmp_path: Path) -> None:
    _, lines = QuorumRoot.create(path, needed=2, shares=2)
    _, others = QuorumRoot.create(tmp_path / "other", needed=2, shares=2)
    assert code_of(path, [lines[0], others[1]]) == "root_share_of_another"


def test_shares_lie_in_files_or_are_asked_for(path: Path, tmp_path: Path) -> None:
    made = create_root(f"quorum:{path}?needed=3&shares=4", environ={})
    files = [tmp_path / f"share-{number}" for number in range(4)]
    for file, share in zip(files, made.shares, strict=True):
        private_files.create(file, share)
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return made.shares[3]

    environ = {"COFFRE_VAULT_SHARES": f"{files[0]}:{files[1]}"}
    opened = open_root(f"quorum:{path}", environ=environ, ask=ask)
    assert opened.unwrap(made.root.wrap(KEY, PLACE), PLACE) == KEY
    assert asked == ["Share 3 of the 3 needed"]
    with pytest.raises(CoffreError) as caught:
        open_root(f"quorum:{path}", environ={"COFFRE_VAULT_SHARES": str(tmp_path / "none")})
    assert caught.value.code == "root_secret_missing"
    assert made.shares[0] not in repr(made)


@pytest.mark.parametrize(("needed", "shares"), [(1, 3), (0, 0), (4, 3), (2, 33)])
def test_a_quorum_has_at_least_two_of_at_most_thirty_two(path: Path, needed: int, shares: int) -> None:
    with pytest.raises(Invalid) as caught:
        QuorumRoot.create(path, needed=needed, shares=shares)
    assert caught.value.code == "bad_quorum"
    assert not path.exists()


def test_it_is_never_overwritten(path: Path) -> None:
    QuorumRoot.create(path, needed=2, shares=2)
    with pytest.raises(Conflict) as caught:
        QuorumRoot.create(path, needed=2, shares=2)
    assert caught.value.code == "root_file_exists"


@pytest.mark.parametrize("member", ["format", "needed", "shares", "check", "id"])
def test_a_damaged_file_is_told(path: Path, member: str) -> None:
    _, lines = QuorumRoot.create(path, needed=2, shares=2)
    document = json.loads(path.read_text())
    del document[member]
    for text in (json.dumps(document), json.dumps({**document, member: 1}), "{", "[]"):
        path.write_text(text)
        assert code_of(path, list(lines)) == "root_file_invalid"
