"""Files written to harm: refused with a reason, and never slower than their size allows."""

import io
import struct
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable

import pytest

from content.byte_source import BlockReader, BytesSource
from content.dicom.instance import inspect_dicom
from content.limits import DEFAULT_LIMITS, Limits
from content.verdicts import Outcome, worst
from tests.unit.content.dicom_bytes import (
    DEFLATED,
    JPEG,
    UNDEFINED,
    element,
    fragments,
    identifiers,
    image,
    item,
    part10,
    pixel_module,
    pixels,
)
from tests.unit.content.growth import assert_grows_with_the_size
from tests.unit.content.pdf_bytes import pdf


def archive(comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("Main.class", b"\xca\xfe\xba\xbe")
        written.comment = comment
    return file.getvalue()


ZIP = archive()
PADDING = 0xFFFCFFFC


def codes(data: bytes, limits: Limits = DEFAULT_LIMITS) -> list[str]:
    findings, facts = inspect_dicom(BytesSource(data), limits)
    assert bool(facts) == (worst(findings) in {Outcome.ACCEPT, Outcome.WARN})
    return [finding.code for finding in findings]


PREAMBLES = {
    "dos": b"MZ\x90\0",
    "elf": b"\x7fELF\2\1",
    "mach_o_32": b"\xfe\xed\xfa\xce",
    "mach_o_64": b"\xcf\xfa\xed\xfe",
    "mach_o_universal": b"\xca\xfe\xba\xbe\0\0\0\2",
    "mach_o_universal_64": b"\xca\xfe\xba\xbf",
    "java": b"\xca\xfe\xba\xbe\0\0\0\x34",
    "android": b"dex\n035\0",
    "web_assembly": b"\0asm\1\0\0\0",
    "windows_shortcut": b"L\0\0\0\x01\x14\x02\0",
    "installer": bytes.fromhex("d0cf11e0a1b11ae1"),
    "shell": b"#!/bin/sh\n",
    "shell_with_mark": b"\xef\xbb\xbf#!/bin/sh\n",
    "shell_in_utf_16": b"\xff\xfe#\0!\0",
    "zip": b"PK\3\4",
    "empty_zip": b"PK\5\6",
    "rar": b"Rar!\x1a\x07\1\0",
    "seven_zip": b"7z\xbc\xaf\x27\x1c",
    "gzip": b"\x1f\x8b\x08",
    "bzip2": b"BZh9",
    "xz": b"\xfd7zXZ\0",
    "cabinet": b"MSCF",
    "debian": b"!<arch>\ndebian",
    "html": b"<!DOCTYPE html>",
    "html_late": b"II*\0 nothing to see <script>alert(1)</script>",
    "html_in_utf_16": "<html><body>".encode("utf-16"),
    "svg": b"\n\t<svg onload=x>",
    "php": b"<?php system(1);",
    "pdf": b"%PDF-1.4",
    "pdf_late": bytes(100) + b"%PDF-1.7",
    "batch": b"@echo off\r\ncalc.exe\r\nexit /b\r\n",
    "batch_in_one_line": b"calc & exit",
    "batch_behind_a_comment": b"REM II*\r\nstart calc.exe\r\n",
    "batch_behind_a_label": b"\r\n:a\r\nset x=1\r\n",
    "batch_behind_a_tiff": b"II*\0\x08\0\0\0\r\ncmd /c calc\r\n",
    "batch_in_utf_16": "\ufeff@echo off\r\n".encode("utf-16-le"),
    "visual_basic": b'MsgBox "x"\r\n',
    "visual_basic_object": b'Set x = CreateObject("WScript.Shell")\r\n',
    "visual_basic_late": b"On Error Resume Next\r\n",
    "java_script": b"/*",
    "java_script_variable": b"var x=new ActiveXObject('WScript.Shell');/*",
    "power_shell": b"Invoke-Expression $x\n<#",
    "power_shell_comment": b"<#",
    "power_shell_variable": b"$x = 1; iex $x",
    "script_host": b"<job><script language='JScript'>",
    "script_host_package": b"<package>",
    "scriptlet": b"<scriptlet>",
    "hypertext_application": b"<HTA:APPLICATION>",
    "element": b"II*\0<img src=x onerror=alert(1)>",
    "shell_without_a_mark": b"exec /bin/sh -c id\n",
    "python": b"import os\nos.system('id')\n",
    "internet_shortcut": b"[InternetShortcut]\r\nURL=file://x\r\n",
    "registry": b"Windows Registry Editor Version 5.00\r\n",
    "mail_archive": b"MIME-Version: 1.0\r\n",
    "postscript": b"%!PS\n",
    "test_virus": b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
}


@pytest.mark.parametrize("preamble", PREAMBLES.values(), ids=PREAMBLES)
def test_a_preamble_that_something_else_would_run_or_open(preamble: bytes) -> None:
    assert codes(part10(identifiers(), preamble=preamble)) == ["preamble_active"]


@pytest.mark.parametrize(
    "preamble",
    [
        *(
            b"II*\0",
            b"MM\0*",
            b"\xff" * 128,
            b"GE MEDICAL",
            b"\x89PNG",
            b"Start of image",
            b"Set 3 of 4; call",
        ),
        *(
            b"REM-Studie",
            b"Export d'une image (CT)\r\nSite 3\r\n",
            b"DICOM <1.2.840> a & b",
            bytes(range(128)),
        ),
    ],
)
def test_any_other_preamble_is_kept(preamble: bytes) -> None:
    assert codes(part10(identifiers(), preamble=preamble)) == ["preamble_not_zero"]


class TestPolyglots:
    def test_an_archive_in_the_padding_at_the_end(self) -> None:
        assert codes(image() + element(PADDING, "OB", ZIP)) == ["polyglot"]
        assert codes(part10(identifiers() + element(0x00420010, "ST", ZIP))) == ["polyglot"]

    def test_an_archive_with_a_comment(self) -> None:
        padded = image() + element(PADDING, "OB", archive(comment=b"x" * 20_000))
        assert zipfile.ZipFile(io.BytesIO(padded)).namelist() == ["Main.class"]
        assert codes(padded) == ["polyglot"]

    def test_an_archive_behind_the_image(self) -> None:
        behind = part10(identifiers() + pixel_module() + pixels(bytes(32) + ZIP + b"\0" * (len(ZIP) % 2)))
        assert codes(behind) == ["pixel_data_longer", "polyglot"]
        assert worst(inspect_dicom(BytesSource(image() + ZIP))[0]) is Outcome.REJECT

    @pytest.mark.parametrize("place", [0x00081030, 0x00091010])
    def test_a_pdf_that_begins_in_the_first_kilobyte(self, place: int) -> None:
        hidden = element(place, "UT", pdf()) + identifiers()
        assert codes(part10(hidden))[-1] == "polyglot"

    def test_an_encapsulated_pdf_may_begin_there(self) -> None:
        held = identifiers(sop_class=b"1.2.840.10008.5.1.4.1.1.104.1") + element(0x00420011, "OB", pdf())
        assert codes(part10(held)) == ["meta_differs"]


class TestLengths:
    @pytest.mark.parametrize("vr", ["UT", "OB", "UN", "SQ", "OW"])
    @pytest.mark.parametrize("length", [0xFFFFFFFE, 0x80000000, 0x00FFFFFF])
    def test_a_length_beyond_the_file(self, vr: str, length: int) -> None:
        assert codes(part10(identifiers() + element(0x00420010, vr, b"", length=length))) == ["truncated"]

    @pytest.mark.parametrize("vr", ["SQ", "UN", "OB"])
    def test_an_undefined_length_that_runs_away(self, vr: str) -> None:
        runaway = element(0x00420010, vr, bytes(5000), length=UNDEFINED)
        assert worst(inspect_dicom(BytesSource(part10(identifiers() + runaway)))[0]) is Outcome.REJECT

    @pytest.mark.parametrize("text", ["LO", "PN", "UI", "DS"])
    def test_an_undefined_length_where_none_can_be(self, text: str) -> None:
        odd = struct.pack("<HH2sHI", 0x0042, 0x0010, text.encode(), 0xFFFF, 0) + bytes(100)
        assert codes(part10(identifiers() + odd))[-1] == "truncated"

    @pytest.mark.parametrize(
        ("rows", "columns", "frames", "samples"),
        [(65535, 65535, 2**31 - 1, 3), (65535, 65535, 10**30, 1), (65535, 65535, 2**39, 65535)],
    )
    def test_an_image_larger_than_any_number_of_bytes(
        self, rows: int, columns: int, frames: int, samples: int
    ) -> None:
        module = pixel_module(rows, columns, 16, frames, samples)
        found = codes(part10(identifiers() + module + pixels(bytes(64))))
        assert found[-1] in {"pixel_data_short", "pixel_data_unchecked"}

    @pytest.mark.parametrize("frames", [b"-1", b"-2147483648", b"1e9", b"0x10", b"9" * 4000])
    def test_a_number_of_frames_that_is_none(self, frames: bytes) -> None:
        odd = element(0x00280008, "UC", frames)
        found = codes(part10(identifiers() + pixel_module() + odd + pixels(bytes(32))))
        assert "pixel_data_unchecked" in found

    def test_more_compressed_frames_than_bytes(self) -> None:
        module = pixel_module(rows=65535, columns=65535, frames=2**31 - 1)
        assert codes(part10(identifiers() + module + fragments(b"ab"), JPEG)) == ["frames_missing"]


class TestBombs:
    def test_deflate(self) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        bomb = packer.compress(identifiers() + pixels(bytes(40 * 2**20))) + packer.flush()
        small = Limits(inflated_bytes=2**20)
        assert codes(part10(bomb, DEFLATED), small) == ["deflate_too_large"]

    def test_entities_in_a_cda(self) -> None:
        laughs = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]>' + CDA
        assert codes(part10(cda(laughs)))[-1] == "document_not_valid"

    def test_a_frame_that_expands_beyond_its_size(self) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        frame = packer.compress(bytes(40 * 2**20)) + packer.flush()
        data = part10(described(frame), "1.2.840.10008.1.2.8.1")
        assert codes(data, Limits(decoded_frames=1)) == ["elements_unordered", "frames_not_decodable"]


CDA = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><title>CR</title></ClinicalDocument>'


def cda(content: bytes, sop_class: bytes = b"1.2.840.10008.5.1.4.1.1.104.2") -> bytes:
    return identifiers(sop_class=sop_class) + element(0x00420011, "OB", content)


def described(frame: bytes) -> bytes:
    extra = element(0x00280004, "CS", b"MONOCHROME2") + element(0x00280101, "US", b"\x10\0")
    return identifiers() + pixel_module() + extra + fragments(frame)


GROWING: dict[str, Callable[[int], bytes]] = {
    "items": lambda n: part10(identifiers() + element(0x00400100, "SQ", item(b"") * n)),
    "nested_elements": lambda n: part10(
        identifiers() + element(0x00400100, "SQ", item(element(0x00081150, "UI", b"1.2")) * n)
    ),
    "private_elements": lambda n: part10(
        identifiers() + b"".join(element(0x00290010 + i, "LO", b"ab") for i in range(n))
    ),
    "unordered_elements": lambda n: part10(
        identifiers() + b"".join(element(0x0029FFFF - i, "LO", b"ab") for i in range(n))
    ),
    "fragments": lambda n: part10(identifiers() + pixel_module() + fragments(*[b"ab"] * n), JPEG),
    "frames": lambda n: part10(identifiers() + pixel_module(frames=n) + fragments(*[b"ab"] * n), JPEG),
    "escapes": lambda n: part10(
        element(0x00080005, "CS", b"\\ISO 2022 IR 87")
        + identifiers()
        + element(0x00420010, "UT", b"\x1b$B!!\x1b(B" * n)
    ),
    "values": lambda n: part10(identifiers() + element(0x00420010, "UC", b"1\\" * n)),
    "names": lambda n: part10(identifiers() + element(0x00420010, "UC", b"=^\\" * n)),
}


def inspection(data: bytes) -> Callable[[], object]:
    """Of the file read anew each time, since a reader keeps blocks."""
    return lambda: inspect_dicom(BlockReader(lambda start, length: data[start : start + length], len(data)))


@pytest.mark.parametrize("make", GROWING.values(), ids=GROWING)
def test_time_grows_no_faster_than_the_file(make: Callable[[int], bytes]) -> None:
    with warnings.catch_warnings(action="ignore"):
        assert_grows_with_the_size(lambda size: inspection(make(size)), small=2_000)


@pytest.mark.long
def test_a_million_fragments_and_items_are_answered_soon() -> None:
    started = time.process_time()
    many = fragments(*[b"ab"] * 1_000_001)
    assert codes(part10(identifiers() + pixel_module() + many, JPEG)) == ["too_many_elements"]
    items = element(0x00400100, "SQ", item(b"") * 1_000_000)
    assert codes(part10(identifiers() + items)) == ["metadata_incomplete"]
    assert time.process_time() - started < 30


def test_a_large_multi_frame_object_is_walked_to_its_end_and_its_lists_left_out() -> None:
    group = item(element(0x00209111, "SQ", item(element(0x00209157, "UL", b"\1\0\0\0"))))
    whole = part10(
        identifiers() + element(0x52009230, "SQ", group * 2000) + element(0x60000010, "US", b"\4\0")
    )
    few = Limits(kept_elements=1000)
    findings, facts = inspect_dicom(BytesSource(whole), few)
    assert [finding.code for finding in findings] == ["metadata_incomplete"]
    assert 100 < len(facts.dicom["52009230"]["Value"]) < 2000
    assert "60000010" in facts.dicom
    assert codes(whole[:-20], few)[-1] in {"truncated", "element_not_valid"}


def test_private_elements_without_end_are_refused() -> None:
    many = identifiers() + b"".join(element(0x00291000 + i, "LO", b"ab") for i in range(1100))
    assert codes(part10(many), Limits(kept_elements=1000)) == ["too_many_elements"]


def test_long_contours_are_left_out_before_the_object_is_refused() -> None:
    contour = item(element(0x30060050, "DS", b"1.5\\" * 250))
    whole = part10(identifiers() + element(0x30060039, "SQ", contour * 200))
    assert codes(whole, Limits(kept_bytes=50_000, metadata_bytes=100_000)) == ["metadata_incomplete"]
