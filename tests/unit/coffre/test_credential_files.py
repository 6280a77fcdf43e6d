"""Secrets come in files: of systemd's credentials or of a container, beside and behind the environment."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffre.credential_files import read, text, variables
from coffre.settings import load
from records.errors import CoffreError, Invalid


def folder(path: Path, **files: str) -> Path:
    for name, lines in files.items():
        file = path / f"{name}.env"
        file.touch(mode=0o400)
        file.chmod(0o600)
        file.write_text(lines)
        file.chmod(0o440)  # as systemd leaves it, with an access list for the unit's user
    return path


def test_settings_are_read_from_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, roles="COFFRE_INDEX_URL=sqlite:///x\n", secrets="# pin\nCOFFRE_VAULT_PIN=1234\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    found = load()
    assert found.index_url == "sqlite:///x"
    assert found.root_environ()["COFFRE_VAULT_PIN"] == "1234"


def test_the_environment_comes_before_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder(tmp_path, roles="COFFRE_INDEX_URL=sqlite:///x\n")))
    monkeypatch.setenv("COFFRE_INDEX_URL", "sqlite:///y")
    assert load().index_url == "sqlite:///y"


def test_a_file_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    folder(tmp_path, secrets="COFFRE_VAULT_PIN=1234\n")
    (tmp_path / "secrets.env").chmod(0o644)
    with pytest.raises(CoffreError, match=r"chmod 600 .*secrets\.env") as refusal:
        variables(tmp_path)
    assert refusal.value.code == "secret_readable"
    assert "1234" not in refusal.value.sentence


def test_a_line_of_another_form_is_named_by_its_number_alone(tmp_path: Path) -> None:
    folder(tmp_path, secrets="COFFRE_VAULT_PIN=1\nhunter2\n")
    with pytest.raises(Invalid, match="Line 2 of") as refusal:
        variables(tmp_path)
    assert "hunter2" not in refusal.value.sentence


def test_without_such_a_folder_there_are_none(tmp_path: Path) -> None:
    assert variables(tmp_path / "none") == {}


# What is written is what is read

NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,20}", fullmatch=True)
ODD = [
    "'",
    "''",
    "'12'",
    "''12''",
    "l'eau de l'",
    "'l'eau",
    " a ",
    "#a",
    "a=b",
    '"a"',
    "a\u2028COFFRE_X=1",
    "a\x0bB=1",
    "\x85",
    "$a`\\",
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("written") / "secrets.env"


@given(st.dictionaries(NAMES, st.text() | st.sampled_from(ODD)))
def test_whatever_can_be_written_is_read_as_it_was(file: Path, told: dict[str, str]) -> None:
    try:
        written = text(told)
    except Invalid as refusal:
        assert refusal.code == "bad_secrets"
        assert any(set(value) & {"\n", "\r", "\0"} or not encodes(value) for value in told.values())
    else:
        file.write_bytes(written.encode())
        assert read(file) == told


def encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("value", ODD)
def test_odd_values_are_secrets_like_others(file: Path, value: str) -> None:
    file.write_bytes(text({"COFFRE_VAULT_PASSPHRASE": value}).encode())
    assert read(file) == {"COFFRE_VAULT_PASSPHRASE": value}


@pytest.mark.parametrize("name", ["", "A B", "A=B", "é", "A\nB", "1A"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        text({name: "1234"})
    assert refusal.value.code == "bad_secrets" and "1234" not in refusal.value.sentence


def test_what_a_person_writes_is_read(file: Path) -> None:
    """In quotes, with an editor of Windows, with empty lines."""
    file.write_bytes(b"# a pin\r\n\r\nCOFFRE_VAULT_PIN='1234'\r\nCOFFRE_VAULT_TOKEN=\xc3\xa9\n   \n")
    assert read(file) == {"COFFRE_VAULT_PIN": "1234", "COFFRE_VAULT_TOKEN": "é"}


def test_a_file_that_is_no_text_is_told(file: Path) -> None:
    file.write_bytes(b"A=\xff\n")
    with pytest.raises(Invalid, match=r"secrets\.env is no text") as refusal:
        read(file)
    assert refusal.value.code == "bad_setting"
