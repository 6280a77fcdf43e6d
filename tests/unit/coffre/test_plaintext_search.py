"""The search for plaintext finds what stands in clear, wherever it is, and says where without saying what."""

import base64
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from coffre.plaintext_search import search as plaintext_search
from coffre.plaintext_search.patterns import WINDOW, Windows
from coffre.plaintext_search.search import BLOCK, Found, plant_canary, prove_and_search, search
from records.errors import CoffreError, Invalid

NAME = "LEFÈVRE-MÛRIER"
INS = "277079999900167"
UID = "2.25.193905257179130268903361956865484162508"
TOKEN = bytes(range(100, 132))
NEEDLES: dict[str, str | bytes] = {"name": NAME, "ins": INS, "uid": UID, "token": TOKEN}


def found(directory: Path, needles: dict[str, str | bytes] | None = None) -> set[tuple[str, str, int | None]]:
    report = search(directory, NEEDLES if needles is None else needles)
    return {(each.label, each.form, each.offset) for each in report.found}


def rich(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize(
    ("spelled", "label", "form"),
    [
        (NAME.encode(), "name", "utf-8"),
        (NAME.lower().encode(), "name", "utf-8"),
        (NAME.encode("utf-16-le"), "name", "utf-16-le"),
        (NAME.encode("utf-16-be"), "name", "utf-16-be"),
        (NAME.encode("latin-1"), "name", "latin-1"),
        (INS.encode(), "ins", "utf-8"),
        (UID.encode(), "uid", "utf-8"),
        (TOKEN, "token", "bytes"),
        (TOKEN.hex().encode(), "token", "hex"),
    ],
)
@pytest.mark.parametrize("offset", [0, 1, 7, 4099, BLOCK - 3, BLOCK, BLOCK + 5])
def test_a_secret_is_found_in_every_spelling_at_every_offset(
    tmp_path: Path, spelled: bytes, label: str, form: str, offset: int
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(os.urandom(offset) + spelled + os.urandom(9))
    assert (label, form, offset) in found(tmp_path)


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_found_inside_base64_whatever_stands_before_it(
    tmp_path: Path, before: int, encode: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "file").write_bytes(b"x" + encode(os.urandom(before) + NAME.encode() + b"  "))
    assert {(label, form) for label, form, _ in found(tmp_path)} == {("name", "base64")}


def test_a_secret_at_the_very_end_of_a_file_is_found(tmp_path: Path) -> None:
    for cut in range(9):
        (tmp_path / f"file{cut}").write_bytes(os.urandom(cut) + INS.encode())
    assert found(tmp_path) == {("ins", "utf-8", cut) for cut in range(9)}


def test_a_secret_in_the_name_of_a_file_or_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / INS).mkdir()
    (tmp_path / INS / "file").write_bytes(b"")
    assert [(each.label, each.offset) for each in search(tmp_path, NEEDLES).found] == [("ins", None)]


def test_nothing_is_found_where_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "random").write_bytes(os.urandom(2 * BLOCK + 77))
    (tmp_path / "zeros").write_bytes(bytes(BLOCK))
    (tmp_path / "empty").write_bytes(b"")
    plaintext = ("scan", rich(1, 1 << 20))
    report = search(tmp_path, NEEDLES, [plaintext])
    assert report.found == ()
    assert (report.files, report.bytes, report.windows) == (3, 3 * BLOCK + 77, (1 << 20) // WINDOW)


@pytest.mark.parametrize("offset", [0, 1, 31, 4099, BLOCK - 31, BLOCK - 1, BLOCK])
def test_a_piece_of_plaintext_is_found_at_every_offset(tmp_path: Path, offset: int) -> None:
    plaintext = rich(2, 4096)
    (tmp_path / "file").write_bytes(os.urandom(offset) + plaintext[64:96] + os.urandom(3))
    report = search(tmp_path, {}, [("other", rich(3, 4096)), ("scan", plaintext)])
    assert report.found == (Found(tmp_path / "file", offset, "scan", "plaintext"),)


def test_any_63_bytes_of_plaintext_hold_a_window(tmp_path: Path) -> None:
    plaintext = rich(4, 4096)
    for start in range(64, 96):
        (tmp_path / str(start)).write_bytes(b"!" + plaintext[start : start + 63])
    report = search(tmp_path, {}, [("scan", plaintext)])
    assert {each.path.name for each in report.found} == {str(start) for start in range(64, 96)}


def test_31_bytes_alike_are_not_a_window(tmp_path: Path) -> None:
    plaintext = rich(5, 4096)
    (tmp_path / "file").write_bytes(plaintext[32:63] + bytes([plaintext[63] ^ 1]))
    assert search(tmp_path, {}, [("scan", plaintext)]).found == ()


def test_poor_windows_are_not_looked_for() -> None:
    nineteen = bytes(range(19)) + bytes(13)
    twenty = bytes(range(1, 20)) + bytes(13)
    assert len(Windows([("poor", nineteen), ("padding", bytes(4096))])) == 0
    assert len(Windows([("rich", twenty)])) == 1


def test_windows_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    head = bytes(8)
    plaintext = b"".join(head + bytes(random.Random(n).sample(range(256), 24)) for n in range(500))
    (tmp_path / "file").write_bytes(os.urandom(5) + plaintext[32 * 321 : 32 * 322])
    (tmp_path / "zeros").write_bytes(bytes(BLOCK))
    assert [each.offset for each in search(tmp_path, {}, [("scan", plaintext)]).found] == [5]


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(INS.encode())
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    assert found(inside) == set()


def test_a_secret_that_chance_would_find_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        search(tmp_path, {"given name": "Zoé"})
    assert refused.value.code == "needle_too_short"
    assert "Zoé" not in refused.value.sentence


def test_a_report_never_holds_the_secret(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(NAME.encode() + TOKEN)
    shown = repr(search(tmp_path, NEEDLES))
    assert NAME not in shown
    assert repr(TOKEN) not in shown


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(os.urandom(2 * BLOCK + 1))
    steps: list[tuple[int, int]] = []
    search(tmp_path, NEEDLES, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(at, 2 * BLOCK + 1) for at in (BLOCK, 2 * BLOCK, 2 * BLOCK + 1)]


def test_a_search_proves_that_it_finds_and_leaves_no_canary_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"." + INS.encode())
    report = prove_and_search(tmp_path, NEEDLES, [("scan", rich(6, 4096))])
    assert report.found == (Found(tmp_path / "file", 1, "ins", "utf-8"),)
    assert (report.files, report.windows) == (1, 4096 // WINDOW)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_search_that_misses_its_canary_is_not_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Windows, "confirm", lambda *_: iter(()))
    with pytest.raises(CoffreError) as refused:
        prove_and_search(tmp_path, NEEDLES)
    assert refused.value.code == "search_blind"
    assert list(tmp_path.iterdir()) == []


def test_a_canary_stands_across_the_border_of_two_blocks(tmp_path: Path) -> None:
    canary = plant_canary(tmp_path)
    offset = canary.path.read_bytes().index(canary.plaintext)
    assert offset < BLOCK < offset + len(canary.plaintext)
    report = plaintext_search.search(tmp_path, {"canary": canary.name}, [("canary", canary.plaintext)])
    assert {each.form for each in report.found} == {"utf-8", "utf-16-le", "plaintext"}


def test_a_checkout_has_places_that_are_in_clear_on_purpose_and_a_data_directory_none(tmp_path: Path) -> None:
    for folder in ("opened", "coffre-identities", "docs"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x").write_text(next(iter(NEEDLES.values())))
    assert {each.path.parent.name for each in search(tmp_path, NEEDLES).found} == {
        *("opened", "coffre-identities", "docs")
    }
    (tmp_path / "pyproject.toml").touch()
    assert {each.path.parent.name for each in search(tmp_path, NEEDLES).found} == {"docs"}
