"""Seal 1 GiB, without and with the SHA-256 pass, beside bare AES-GCM and bare hashlib."""

import hashlib
import os
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.tools.measuring import compete, table
from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, new_data_key

GIB = 1 << 30
BLOCK = 1 << 20
SEGMENT = 65_520
RANGE = 1 << 19


def run(rounds: int = 3) -> None:
    block = os.urandom(BLOCK)
    count = GIB // BLOCK

    def bare_gcm() -> None:
        cipher, out = AESGCM(os.urandom(32)), bytearray(BLOCK + 16 * (BLOCK // SEGMENT + 1))
        view, target = memoryview(block), memoryview(out)
        for number in range(count):
            written = 0
            for start in range(0, BLOCK, SEGMENT):
                piece = view[start : start + SEGMENT]
                nonce = number.to_bytes(8, "big") + start.to_bytes(4, "big")
                cipher.encrypt_into(nonce, piece, None, target[written : written + len(piece) + 16])
                written += len(piece) + 16

    def bare_sha() -> None:
        digest = hashlib.sha256()
        for _ in range(count):
            digest.update(block)

    def seal() -> None:
        sealer = Sealer(BlobRef(uuid4(), 1, BlobKind.PACK), new_data_key())
        for _ in range(count):
            sealer.update(block)
        sealer.finish()

    def seal_and_hash() -> None:
        sealer, digest = Sealer(BlobRef(uuid4(), 1, BlobKind.PACK), new_data_key()), hashlib.sha256()
        for _ in range(count):
            digest.update(block)
            sealer.update(block)
        sealer.finish()

    contestants = {"bare AES-256-GCM, 64 KiB": bare_gcm, "bare SHA-256": bare_sha}
    found = compete({**contestants, "seal": seal, "seal with SHA-256": seal_and_hash}, rounds)
    bare = found["bare AES-256-GCM, 64 KiB"].cpu
    both = bare + found["bare SHA-256"].cpu
    rows = [
        (
            name,
            f"{one.cpu:.3f}",
            f"{GIB / one.cpu / 1e9:.2f}",
            f"{bare / one.cpu:.2f}",
            f"{both / one.cpu:.2f}",
        )
        for name, one in found.items()
    ]
    table("Seal 1 GiB", ("", "CPU s", "GB/CPU-s", "of bare GCM", "of GCM + SHA"), rows)
    _range()


def _range() -> None:
    """A range of 512 KiB out of a blob of 1 GiB, in memory: the cost must not know the blob's size."""
    results = []
    for size in (1 << 24, GIB):
        ref, dek = BlobRef(uuid4(), 1, BlobKind.PACK), new_data_key()
        sealer, stored, block = Sealer(ref, dek), bytearray(), os.urandom(BLOCK)
        for _ in range(size // BLOCK):
            stored += sealer.update(block)
        stored += sealer.finish()
        ciphertext = memoryview(stored)
        opener = Opener(sealer.sealed, dek)
        fetched: list[int] = []

        def fetch(start: int, stop: int, source: memoryview = ciphertext, seen: list[int] = fetched) -> bytes:
            seen.append(stop - start)
            return bytes(source[start:stop])

        def read(opener: Opener = opener, size: int = size, fetch: object = fetch) -> None:
            for at in range(100):
                opener.read((size - RANGE) // 99 * at, RANGE, fetch)  # type: ignore[arg-type]

        found = compete({"range": read}, 5)["range"]
        results.append((size, found.cpu / 100, max(fetched)))
    rows = [
        (f"{size >> 20} MiB", f"{1e6 * cpu:.0f}", f"{most / 1024:.0f}", f"{cpu / results[0][1]:.2f}")
        for size, cpu, most in results
    ]
    table("Open a range of 512 KiB", ("blob", "CPU µs", "KiB fetched", "of 16 MiB blob"), rows)
