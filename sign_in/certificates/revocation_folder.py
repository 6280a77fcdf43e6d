"""Revocation lists as an operator has them fetched: files of a folder, read anew when one of them changes."""

import logging
import threading
from pathlib import Path

from cryptography.x509 import CertificateRevocationList

from records.errors import CoffreError
from sign_in.certificates.revocation_lists import RevocationLists, read_list

log = logging.getLogger("coffre.sign_in")
SUFFIXES = frozenset({".crl", ".pem"})
LARGEST = 64 << 20
_Seen = tuple[int, int]


class RevocationFolder:
    """The lists of a folder, DER or PEM, of whatever authorities. May be used by any number of threads."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._kept: dict[Path, tuple[_Seen, CertificateRevocationList | None]] = {}

    def lists(self) -> RevocationLists:
        """Those that can be read now; of a file that cannot, the log says so, once."""
        with self._lock:
            files = {path: _seen(path) for path in self._files()}
            self._kept = {path: kept for path, kept in self._kept.items() if path in files}
            for path, seen in files.items():
                if self._kept.get(path, ((0, 0), None))[0] != seen:
                    self._kept[path] = (seen, _read(path, seen))
            return RevocationLists([found for _, found in self._kept.values() if found is not None])

    def _files(self) -> list[Path]:
        if self._folder is None or not self._folder.is_dir():
            return []
        return sorted(path for path in self._folder.iterdir() if path.suffix in SUFFIXES and path.is_file())


def _seen(path: Path) -> _Seen:
    told = path.stat()
    return told.st_mtime_ns, told.st_size


def _read(path: Path, seen: _Seen) -> CertificateRevocationList | None:
    try:
        if seen[1] <= LARGEST:
            return read_list(path.read_bytes())
        code = "too_large"
    except CoffreError as error:
        code = error.code
    except OSError:
        code = "no_access"
    log.error("a revocation list cannot be used", extra={"file": path.name, "code": code})
    return None
