"""The root in a file (formats 2)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from keyvault.roots.file import FileRoot, RootError
from keyvault.roots.ports import Root
from records.errors import Conflict, Invalid, NotFound

KEY = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "root.json"


def code_of(path: Path, passphrase: str | None = None) -> str:
    with pytest.raises(RootError) as caught:
        FileRoot.open(path, passphrase)
    return caught.value.code


@pytest.mark.parametrize("passphrase", [None, "correct horse é"])
def test_what_it_wrapped_opens_after_a_restart(path: Path, passphrase: str | None) -> None:
    made: Root = FileRoot.create(path, passphrase)
    wrapped = made.wrap(KEY, b"shard 1")
    assert FileRoot.open(path, passphrase).unwrap(wrapped, b"shard 1") == KEY
    assert made.name == f"file:{path}"


def test_a_wrap_opens_in_its_place_and_under_its_root_alone(path: Path, tmp_path: Path) -> None:
    root, other = FileRoot.create(path, None), FileRoot.create(tmp_path / "other.json", None)
    wrapped = root.wrap(KEY, b"shard 1")
    for holder, context in ((root, b"shard 2"), (other, b"shard 1")):
        with pytest.raises(RootError) as caught:
            holder.unwrap(wrapped, context)
        assert caught.value.code == "root_unwrap_failed"


def test_nobody_else_may_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        FileRoot.create(path, None)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    assert code_of(path) == "root_file_exposed"


def test_it_is_never_overwritten(path: Path) -> None:
    FileRoot.create(path, None)
    before = path.read_bytes()
    with pytest.raises(Conflict) as caught:
        FileRoot.create(path, None)
    assert caught.value.code == "root_file_exists"
    assert path.read_bytes() == before


def test_a_missing_file(path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        FileRoot.open(path, None)
    assert caught.value.code == "root_file_missing"


def test_the_passphrase(path: Path) -> None:
    FileRoot.create(path, "right")
    assert code_of(path, "wrong") == "root_passphrase_wrong"
    assert code_of(path, None) == "root_passphrase_missing"
    assert code_of(path, "") == "root_passphrase_missing"


def test_an_empty_passphrase_is_none_by_mistake(path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        FileRoot.create(path, "")
    assert caught.value.code == "root_passphrase_missing"
    assert not path.exists()


def test_the_key_is_not_in_a_locked_file(path: Path) -> None:
    root = FileRoot.create(path, "right")
    assert root._key not in path.read_bytes()
    assert json.loads(path.read_bytes())["kdf"]["name"] == "argon2id"


def rewrite(path: Path, **kdf: Any) -> None:
    document = json.loads(path.read_bytes())
    document["kdf"] |= kdf
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "kdf",
    [
        {"memory_kib": 1 << 30},
        {"memory_kib": 8},
        {"iterations": 1},
        {"iterations": 10**9},
        {"lanes": 10**6},
        {"lanes": "4"},
        {"iterations": True},
        {"name": "scrypt"},
        {"salt": "AA"},
        {"more": 1},
    ],
)
def test_parameters_are_bounded_before_memory_is_spent(path: Path, kdf: dict[str, Any]) -> None:
    FileRoot.create(path, "right")
    rewrite(path, **kdf)
    assert code_of(path, "right") == "root_file_invalid"


def test_parameters_are_bound_to_the_key(path: Path) -> None:
    FileRoot.create(path, "right")
    rewrite(path, iterations=4)
    assert code_of(path, "right") == "root_passphrase_wrong"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format":"coffre-root-file-v2","kdf":null,"key":"' + b"A" * 43 + b'"}',
        b'{"format":"coffre-root-file-v1","kdf":null,"key":"AA"}',
        b'{"format":"coffre-root-file-v1","kdf":7,"key":"' + b"A" * 80 + b'"}',
        b'{"format":"coffre-root-file-v1","kdf":null,"key":"' + b"A" * 43 + b'"}' + b" " * 5000 + b"x",
        b'{"format":"coffre-root-file-v1","kdf":null,"kdf":null,"key":"' + b"A" * 43 + b'"}',
    ],
)
def test_other_content(path: Path, content: bytes) -> None:
    path.touch(0o600)
    path.write_bytes(content)
    expected = "root_file_invalid"
    assert code_of(path) == expected


def test_the_key_is_not_shown(path: Path) -> None:
    root = FileRoot.create(path, None)
    assert repr(root) == f"FileRoot(file:{path})"
