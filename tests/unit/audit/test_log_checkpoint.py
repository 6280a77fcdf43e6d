"""Checkpoints: C2SP tlog-checkpoint in a signed-note, Ed25519."""

from base64 import b64decode, b64encode

import pytest

from audit import checkpoint
from audit.checkpoint import Checkpoint, CheckpointError
from tests.unit.audit.sample_log import KEY, ORIGIN, OTHER_KEY, OTHER_PUBLIC, PUBLIC, digest, signed

ROOT = digest("root")
NOTE = signed(7, ROOT)
TEXT = f"{ORIGIN}\n7\n{b64encode(ROOT).decode()}\n"


def code_of(call, *arguments) -> str:
    with pytest.raises(CheckpointError) as caught:
        call(*arguments)
    return caught.value.code


def note_of(text: str, *lines: str) -> str:
    return f"{text}\n" + "".join(f"{line}\n" for line in lines)


def line(name: str, key, text: str = TEXT) -> str:
    public = key.public_key().public_bytes_raw()
    value = checkpoint.key_id(name, public) + key.sign(text.encode())
    return f"— {name} {b64encode(value).decode()}"


def test_a_note_of_the_go_implementation_opens():
    """Example of golang.org/x/mod/sumdb/note: the key is written name+key id+base64(type || public key)."""
    name, known_id = "PeterNeumann", "c74f20a3"
    encoded = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    public = b64decode(encoded)[1:]
    assert checkpoint.key_id(name, public).hex() == known_id
    assert checkpoint.open_note(f"{text}\n— {name} {signature}\n", name, public) == text


def test_the_text_of_the_specifications_example_reads():
    root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    text = f"example.com/behind-the-sofa\n20852163\n{root}\n"
    read = checkpoint.parse_text(text)
    assert read == Checkpoint("example.com/behind-the-sofa", 20_852_163, b64decode(root))
    assert read.text() == text


def test_a_signed_checkpoint_is_text_blank_line_and_one_signature_line():
    text, _, rest = NOTE.partition("\n\n")
    assert text + "\n" == TEXT
    dash, name, value = rest.removesuffix("\n").split(" ")
    assert (dash, name) == ("—", ORIGIN)
    assert b64decode(value)[:4] == checkpoint.key_id(ORIGIN, PUBLIC)
    assert len(b64decode(value)) == 68


def test_a_signed_checkpoint_verifies():
    assert checkpoint.parse_and_verify(NOTE, ORIGIN, PUBLIC) == Checkpoint(ORIGIN, 7, ROOT)


def test_a_wrong_origin_is_refused():
    assert (
        code_of(checkpoint.parse_and_verify, NOTE, "audit.elsewhere.example", PUBLIC) == "checkpoint_origin"
    )
    elsewhere = signed(7, ROOT, origin="audit.elsewhere.example")
    assert code_of(checkpoint.parse_and_verify, elsewhere, ORIGIN, PUBLIC) == "checkpoint_origin"


@pytest.mark.parametrize("public", [OTHER_PUBLIC, b"short"])
def test_a_wrong_key_is_refused(public):
    assert code_of(checkpoint.parse_and_verify, NOTE, ORIGIN, public) == "checkpoint_signature"


def test_a_key_that_shares_name_and_id_is_still_another_key(monkeypatch):
    monkeypatch.setattr(checkpoint, "key_id", lambda name, public: b"same")
    forged = note_of(TEXT, f"— {ORIGIN} {b64encode(b'same' + OTHER_KEY.sign(TEXT.encode())).decode()}")
    assert code_of(checkpoint.parse_and_verify, forged, ORIGIN, PUBLIC) == "checkpoint_signature"


def test_a_changed_text_is_refused():
    forged = NOTE.replace("\n7\n", "\n8\n")
    assert code_of(checkpoint.parse_and_verify, forged, ORIGIN, PUBLIC) == "checkpoint_signature"


def test_lines_of_unknown_keys_are_ignored_and_never_suffice():
    mine, witness, namesake = line(ORIGIN, KEY), line("witness.example", OTHER_KEY), line(ORIGIN, OTHER_KEY)
    many = [witness] * 16
    assert checkpoint.parse_and_verify(note_of(TEXT, *many, namesake, mine), ORIGIN, PUBLIC).size == 7
    assert (
        code_of(checkpoint.parse_and_verify, note_of(TEXT, witness), ORIGIN, PUBLIC) == "checkpoint_signature"
    )


def test_one_false_line_of_the_known_key_spoils_the_note():
    mine, false = line(ORIGIN, KEY), line(ORIGIN, KEY, "other text\n")
    assert code_of(checkpoint.parse_and_verify, note_of(TEXT, mine, false), ORIGIN, PUBLIC) == (
        "checkpoint_signature"
    )


MINE = line(ORIGIN, KEY)


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        f"{TEXT}\n",
        f"{TEXT}\n{MINE}",
        f"{TEXT}{MINE}\n",
        note_of(TEXT, MINE, ""),
        note_of(TEXT, MINE.replace("—", "-")),
        note_of(TEXT, MINE.replace(" ", "  ")),
        note_of(TEXT, MINE + " "),
        note_of(TEXT, f"— na+me {MINE.split(' ')[2]}"),
        note_of(TEXT, MINE.rstrip("=")),
        note_of(TEXT, f"— {ORIGIN} é"),
        note_of(TEXT, MINE + "\r"),
        note_of(TEXT.replace("\n", "\r\n"), MINE),
        note_of("\ud800" + TEXT, MINE),
        note_of(TEXT, *[MINE] * 2000),
    ],
)
def test_a_malformed_note_is_refused(note):
    assert code_of(checkpoint.parse_and_verify, note, ORIGIN, PUBLIC) == "checkpoint_malformed"


ENCODED = b64encode(ROOT).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"\n7\n{ENCODED}\n",
        f"{ORIGIN}\n07\n{ENCODED}\n",
        f"{ORIGIN}\n-1\n{ENCODED}\n",
        f"{ORIGIN}\n٧\n{ENCODED}\n",
        f"{ORIGIN}\n{10**19}\n{ENCODED}\n",
        f"{ORIGIN}\n7\n{ENCODED[:-4]}\n",
        f"{ORIGIN}\n7\n{ENCODED[:-1]}\n",
        f"{ORIGIN}\n7\n{ENCODED[:-2]}{chr(ord(ENCODED[-2]) + 1)}=\n",
        f"{ORIGIN}\n7\n{ENCODED}",
        f"{ORIGIN}\n7\n",
        f"{ORIGIN}\n7\n{ENCODED}\nextension\n",
    ],
)
def test_a_malformed_text_is_refused_even_signed(text):
    note = checkpoint.sign_note(text, ORIGIN, KEY.sign, PUBLIC)
    assert code_of(checkpoint.parse_and_verify, note, ORIGIN, PUBLIC) == "checkpoint_malformed"


@pytest.mark.parametrize(
    "value",
    [
        Checkpoint("", 7, ROOT),
        Checkpoint("two words", 7, ROOT),
        Checkpoint("a+b", 7, ROOT),
        Checkpoint("two\nlines", 7, ROOT),
        Checkpoint(ORIGIN, -1, ROOT),
        Checkpoint(ORIGIN, 7, b"short"),
    ],
)
def test_what_no_verifier_would_accept_is_not_signed(value):
    assert code_of(checkpoint.sign, value, KEY.sign, PUBLIC) == "checkpoint_malformed"
