"""Objects, index and vault of one data directory compared row by row, after the sweeper.

Every object on the disk is named by an adopted row of the index and by one of the vault, and the other way
round; nothing is half done: no upload, no open ingest, no unsettled submission, no claim without a document.
"""

import time
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

import boto3
from sqlalchemy import Table, select

from coffre.housekeeper.chores import Chores
from coffre.housekeeper.sweeping import Swept
from coffre.wiring import System
from storage.index import tables as index_tables
from storage.objects.address import Address, parse
from storage.objects.s3 import S3Objects
from storage.vault_store import tables as vault_tables

LATER_S = 60.0
"""Swept as of a minute from now: what was finished a moment ago is old enough."""


def sweep(system: System) -> Swept:
    """The housekeeper's sweep at a moment when every upload counts as abandoned."""
    return Chores(
        system.index,
        system.objects,
        system.guard,
        clock=lambda: system.clock() + LATER_S,
        oldest_upload_ms=-1_000,
    ).sweep()


def left_over(system: System) -> list[str]:
    """What is orphaned or unfinished; empty where everything is in its place."""
    return [*_blobs(system), *_rows(system), *_unfinished(system)]


def objects_kept(system: System) -> set[tuple[UUID, int]]:
    """Every object of the store, on the disk or in the bucket."""
    if system.settings.objects_url is None:
        names: Iterator[str] = (str(path) for path in (system.settings.data / "objects").glob("b/*/*/*"))
    else:
        names = _keys(parse(system.settings.objects_url))
    found = (name.split("/")[-2:] for name in names)
    return {(UUID(blob), int(version)) for blob, version in found}


def _keys(address: Address) -> Iterator[str]:
    # a session of its own: the default one keeps the keys of the first test that used it
    client = boto3.session.Session().client("s3", endpoint_url=address.endpoint, region_name=address.region)
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=address.bucket, Prefix=f"{address.prefix}b/"
    )
    yield from (each["Key"] for page in pages for each in page.get("Contents", ()))


def _partial(system: System) -> Iterator[str]:
    """What is half written: files, or uploads in parts."""
    if system.settings.objects_url is None:
        return (path.name for path in (system.settings.data / "objects" / "tmp").iterdir())
    store = cast(S3Objects, system.objects)
    return (each.key for each in store._bucket.pending(f"{store._address.prefix}b/"))


def documents_of(system: System) -> int:
    return len(_of_index(system, index_tables.document))


def _blobs(system: System) -> Iterator[str]:
    disk = objects_kept(system)
    index = {(row.blob_id, row.version) for row in _of_index(system, index_tables.blob)}
    vault = {(row["blob_id"], row["version"]): row["ciphertext_size"] for row in _of_vault(system, "blob")}
    yield from (f"object without a row of the index: {blob}" for blob in disk - index)
    yield from (f"row of the index without an object: {blob}" for blob in index - disk)
    yield from (f"blob of the index that the vault never adopted: {blob}" for blob in index - vault.keys())
    yield from (f"blob of the vault unknown to the index: {blob}" for blob in vault.keys() - index)
    yield from (
        f"object of another size than the vault's row: {blob}"
        for blob, size in vault.items()
        if blob in disk and system.objects.size(*blob) != size
    )


def _rows(system: System) -> Iterator[str]:
    index = {(row.document_id, row.row_version) for row in _of_index(system, index_tables.details)}
    vault = {(row["document_id"], row["row_version"]) for row in _of_vault(system, "document_row")}
    yield from (f"details row unknown to the vault: {row}" for row in index - vault)
    yield from (f"row of the vault that was never published: {row}" for row in vault - index)
    documents = {row.document_id for row in _of_index(system, index_tables.document)}
    yield from (f"document without details: {one}" for one in documents - {row for row, _ in index})
    published = {row.blob_id for row in _of_index(system, index_tables.instance)}
    blobs = {row.blob_id for row in _of_index(system, index_tables.blob)}
    yield from (f"instance without a blob: {one}" for one in published - blobs)


def _unfinished(system: System) -> Iterator[str]:
    yield from (f"partial object: {name}" for name in _partial(system))
    yield from (f"upload: {row.blob_id}" for row in _of_index(system, index_tables.upload))
    for row in _of_index(system, index_tables.submission):
        if row.state in ("received", "validating"):
            yield f"submission without a verdict: {row.submission_id} ({row.attempts} attempts)"
        elif row.settled_at is None or row.sealed_envelope is not None or row.plan is not None:
            yield f"unsettled submission: {row.submission_id}"
    for row in _of_index(system, index_tables.blob):
        if row.state != "adopted" or row.sealed_key is not None:
            yield f"blob not settled: {row.blob_id} ({row.state})"
    for row in _of_index(system, index_tables.part_claim):
        if row.document_id is None:
            yield f"claim without a document: part {row.number} of {row.submission_id}"
    for row in _of_vault(system, "ingest"):
        if row["state"] != "settled":
            yield f"open ingest: {row['submission_id']}"
    yield from (f"kept answer: {row['submission_id']}" for row in _of_vault(system, "ingest_answer"))


def _of_index(system: System, table: Table) -> list[Any]:
    with system.index._database.reading() as connection:
        return list(connection.execute(select(table)))


def _of_vault(system: System, table: str) -> list[Any]:
    assert table in vault_tables.VAULT.tables
    with system._vault_store.reading() as tx:
        return list(tx.find(table))


def wait_until_idle(system: System, seconds: float) -> None:
    """Until no submission waits for its verdict. AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while unfinished := sum(system.index.counts()[state] for state in ("received", "validating")):
        assert time.monotonic() < deadline, f"{unfinished} submissions got no verdict in {seconds:.0f} s"
        time.sleep(0.1)
