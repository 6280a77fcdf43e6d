"""Inclusion proofs as text: C2SP tlog-proof."""

from base64 import b64encode
from dataclasses import replace

import pytest

from audit import tree
from audit.checkpoint import Checkpoint, CheckpointError
from audit.proof import LogProof, ProofError, format_proof, parse_proof, verify_proof
from tests.unit.audit.sample_log import ORIGIN, OTHER_PUBLIC, PUBLIC, digest, sample_log

LOG = sample_log((7,))
LEAF = LOG.leaves[5].leaf
PROOF = LogProof(5, tuple(tree.inclusion_proof(5, 7, LOG.tiles.read)), LOG.notes[0])
HASHES = [b64encode(value).decode() for value in PROOF.hashes]


def test_the_text_is_header_index_hashes_blank_line_and_the_checkpoint_verbatim():
    assert format_proof(PROOF) == "\n".join(["c2sp.org/tlog-proof@v1", "index 5", *HASHES, "", LOG.notes[0]])


def test_extra_data_stand_before_the_index():
    assert format_proof(replace(PROOF, extra=b"more")).startswith(
        "c2sp.org/tlog-proof@v1\nextra bW9yZQ==\nindex 5\n"
    )


def test_the_proof_of_an_only_leaf_has_no_hashes():
    log = sample_log((1,))
    text = format_proof(LogProof(0, (), log.notes[0]))
    assert text == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{log.notes[0]}"
    assert verify_proof(parse_proof(text), log.leaves[0].leaf, ORIGIN, PUBLIC).size == 1


@pytest.mark.parametrize("extra", [None, b"", b"more"])
def test_a_proof_reads_back_as_it_was_written(extra):
    proof = replace(PROOF, extra=extra)
    assert parse_proof(format_proof(proof)) == proof


def test_a_proof_verifies_and_returns_its_checkpoint():
    assert verify_proof(parse_proof(format_proof(PROOF)), LEAF, ORIGIN, PUBLIC) == Checkpoint(
        ORIGIN, 7, LOG.root()
    )


@pytest.mark.parametrize(
    ("proof", "leaf"),
    [
        (PROOF, LOG.leaves[4].leaf),
        (replace(PROOF, index=4), LEAF),
        (replace(PROOF, index=7), LEAF),
        (replace(PROOF, hashes=PROOF.hashes[:-1]), LEAF),
        (replace(PROOF, hashes=(digest("other"), *PROOF.hashes[1:])), LEAF),
    ],
)
def test_a_proof_of_something_else_is_refused(proof, leaf):
    with pytest.raises(ProofError) as caught:
        verify_proof(proof, leaf, ORIGIN, PUBLIC)
    assert caught.value.code == "proof_refused"


def test_a_proof_under_another_key_or_origin_is_refused():
    for origin, public, code in (
        (ORIGIN, OTHER_PUBLIC, "checkpoint_signature"),
        ("audit.elsewhere.example", PUBLIC, "checkpoint_origin"),
    ):
        with pytest.raises(CheckpointError) as caught:
            verify_proof(PROOF, LEAF, origin, public)
        assert caught.value.code == code


HEADER = "c2sp.org/tlog-proof@v1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER,
        f"{HEADER}\n\n{LOG.notes[0]}",
        f"c2sp.org/tlog-proof@v2\nindex 0\n\n{LOG.notes[0]}",
        f"{HEADER}\nindex 00\n\n{LOG.notes[0]}",
        f"{HEADER}\nindex -1\n\n{LOG.notes[0]}",
        f"{HEADER}\nindex 0\nextra AA==\n\n{LOG.notes[0]}",
        f"{HEADER}\nextra !\nindex 0\n\n{LOG.notes[0]}",
        f"{HEADER}\nindex 0\nAA==\n\n{LOG.notes[0]}",
        f"{HEADER}\nindex 0\n{HASHES[0][:-1]}\n\n{LOG.notes[0]}",
        f"{HEADER}\nindex 0\n" + f"{HASHES[0]}\n" * 64 + f"\n{LOG.notes[0]}",
    ],
)
def test_a_malformed_text_is_refused(text):
    with pytest.raises(ProofError) as caught:
        parse_proof(text)
    assert caught.value.code == "proof_malformed"
