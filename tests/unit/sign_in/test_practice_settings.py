"""Which structures have a practice setting: what the file says, and what is refused of it."""

from pathlib import Path

import pytest

from records.errors import Invalid
from sign_in.tokens.practice_settings import practice_settings_in


def test_without_a_file_nobody_has_one() -> None:
    assert practice_settings_in(None) == {}


def test_each_structure_has_the_setting_under_which_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('SAMU_SMUR = ["1750000008", "1690000008"]\nAMO = ["1750000005"]\n')
    assert practice_settings_in(file) == {
        "1750000008": "SAMU_SMUR",
        "1690000008": "SAMU_SMUR",
        "1750000005": "AMO",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SAMU_SMUR", "no TOML"),
        ('SAMU_SMUR = ["\xe9', "no TOML"),
        ('SAMU = ["1750000008"]', "SAMU_SMUR and AMO"),
        ('SAMU_SMUR = "1750000008"', "SAMU_SMUR and AMO"),
        ("SAMU_SMUR = [1750000008]", "FINESS"),
        ('SAMU_SMUR = ["750000008"]', "FINESS"),
        ('SAMU_SMUR = ["1750000008"]\nAMO = ["1750000008"]', "under two settings"),
    ],
)
def test_what_is_wrong_in_it_is_one_sentence_that_names_the_file(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text, "latin-1")
    with pytest.raises(Invalid, match=said) as refused:
        practice_settings_in(file)
    assert refused.value.code == "bad_practice_settings"
    assert str(file) in refused.value.sentence


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"settings\.toml can't be read: No such file"):
        practice_settings_in(tmp_path / "settings.toml")
