"""A process killed at any instant: what it was told is kept, what it had not finished never happened."""

import random
import time
from subprocess import Popen
from uuid import UUID

import pytest

from tests.contract.storage_adapters import Spawn, open_objects, open_vault_store

SOON = [pytest.param(4), pytest.param(200, marks=pytest.mark.long)]


def killed_after(child: "Popen[str]", seconds: float) -> list[str]:
    """The whole lines that the child printed before it was killed."""
    assert child.stdout
    first = child.stdout.readline()
    time.sleep(seconds)
    child.kill()
    # not communicate(): beside a piped stdin it reads past what readline() has in its buffer
    said = first + child.stdout.read()
    child.wait()
    return [line.strip() for line in said.splitlines(keepends=True) if line.endswith("\n")]


@pytest.mark.parametrize("kills", SOON)
def test_every_acknowledged_transaction_is_kept_whole_and_no_other_in_part(
    vault_address: str, spawn: Spawn, kills: int
) -> None:
    chance = random.Random(kills)
    for _ in range(kills):
        lines = killed_after(spawn("insert_for_ever", vault_address), chance.uniform(0, 0.05))
        with open_vault_store(vault_address).reading() as tx:
            leaves = tx.find("leaf", order="position")
            entries = tx.find("entry", order="leaf_hash")
            pending = tx.find("pending", order="ordinal")
        assert [row["position"] for row in leaves] == list(range(len(leaves)))
        assert len(leaves) - 1 - int(lines[-1]) in (0, 1)  # killed between commit and print
        hashes = [row["leaf_hash"] for row in leaves]
        assert hashes == [row["leaf_hash"] for row in entries] == [row["leaf_hash"] for row in pending]


@pytest.mark.parametrize("kills", SOON)
def test_of_those_who_share_a_commit_all_that_were_told_are_kept_whole_and_no_other_in_part(
    vault_address: str, spawn: Spawn, kills: int
) -> None:
    chance, told = random.Random(kills), set[bytes]()
    for _ in range(kills):
        lines = killed_after(spawn("insert_together_for_ever", vault_address), chance.uniform(0, 0.05))
        told |= {int(line).to_bytes(32) for line in lines}
        with open_vault_store(vault_address).reading() as tx:
            tables = [{row["leaf_hash"] for row in tx.find(table)} for table in ("leaf", "entry", "pending")]
        assert tables[0] == tables[1] == tables[2]
        assert told <= tables[0]


@pytest.mark.parametrize("kills", SOON)
def test_every_acknowledged_object_is_whole_and_no_other_is_partly_visible(
    objects_address: str, spawn: Spawn, kills: int
) -> None:
    chance = random.Random(kills)
    objects = open_objects(objects_address)
    for _ in range(kills):
        lines = killed_after(spawn("write_for_ever", objects_address), chance.uniform(0, 0.05))
        events = {(word, UUID(blob_id)) for word, blob_id in (line.split() for line in lines)}
        for _, blob_id in events:
            size = objects.size(blob_id, 1)
            assert size == 128_000 or (size is None and ("committed", blob_id) not in events)
            if size:
                assert objects.read(blob_id, 1, 0, size) == blob_id.bytes * 8000
        assert objects.sweep_partial(-1) <= 1
