"""Make the filter of known passwords from lists with one password a line: `build.py OUT LIST…`.

The one that is shipped was made of Django's `common-passwords.txt.gz` (BSD-3-Clause, from public breaches),
the passwords of the package zxcvbn 4.5.0 (MIT), and `french.txt` beside this file.
"""

import gzip
import math
import sys
from collections.abc import Iterator
from pathlib import Path

from sign_in.accounts.known_passwords import FORMAT, forms_of, places

HASHES = 14
BITS_OF_EACH = 20
"""One in ten thousand others is taken for known."""


def main(out: str, *lists: str) -> None:
    forms = {form for path in lists for password in _read(Path(path)) for form in forms_of(password)}
    bits = bytearray(math.ceil(len(forms) * BITS_OF_EACH / 8))
    for form in forms:
        for at in places(form, HASHES, len(bits) * 8):
            bits[at >> 3] |= 1 << (at & 7)
    header = FORMAT + HASHES.to_bytes(4, "big") + len(bits).to_bytes(4, "big")
    Path(out).write_bytes(header + bits)
    print(f"{len(forms)} forms, {len(bits)} bytes")


def _read(path: Path) -> Iterator[str]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    yield from filter(None, text.splitlines())


if __name__ == "__main__":
    main(*sys.argv[1:])
