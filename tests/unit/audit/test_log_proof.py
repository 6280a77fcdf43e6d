"""Inclusion proofs as text: C2SP tlog-proof."""

from base64 import b64encode

from audit import tree
from audit.proof import LogProof, format_proof
from tests.unit.audit.sample_log import sample_log


def test_the_text_is_header_index_hashes_blank_line_and_the_checkpoint_verbatim():
    log = sample_log((7,))
    proof = LogProof(5, tuple(tree.inclusion_proof(5, 7, log.tiles.read)), log.notes[0])
    hashes = [b64encode(value).decode() for value in proof.hashes]
    assert len(hashes) == 3
    assert format_proof(proof) == "\n".join(["c2sp.org/tlog-proof@v1", "index 5", *hashes, "", log.notes[0]])


def test_the_proof_of_an_only_leaf_has_no_hashes():
    log = sample_log((1,))
    text = format_proof(LogProof(0, (), log.notes[0]))
    assert text == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{log.notes[0]}"
