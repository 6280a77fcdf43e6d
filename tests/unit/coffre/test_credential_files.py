"""Secrets come in files: of systemd's credentials or of a container, beside and behind the environment."""

from pathlib import Path

import pytest

from coffre.credential_files import variables
from coffre.settings import load
from records.errors import CoffreError, Invalid


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        file = path / f"{name}.env"
        file.touch(mode=0o400)
        file.chmod(0o600)
        file.write_text(text)
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
