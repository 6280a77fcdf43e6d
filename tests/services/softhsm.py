"""SoftHSM 2, a software token behind PKCS #11, from Debian's `softhsm2`.

By hand: `python -m tests.services.softhsm DIR` prints a root's URL and what to export.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.processes import debian

PIN, OFFICER_PIN, TOKEN = "8812345", "9912345", "coffre"
_LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


@dataclass(frozen=True, slots=True)
class SoftHsm:
    """A token that is ready; `environ` belongs in the environment of whoever uses it."""

    module: str
    token: str
    environ: dict[str, str]

    def url(self, key: str = "coffre-root") -> str:
        return f"pkcs11:token={self.token};object={key}?module-path={self.module}"


@contextmanager
def running(directory: Path) -> Iterator[SoftHsm]:
    """An initialised token with its files under `directory`; no process runs.

    The library reads `SOFTHSM2_CONF` when it is first loaded, so a process sees one such directory.
    """
    debian("softhsm2-util", "softhsm2")
    tokens, config = directory / "tokens", directory / "softhsm2.conf"
    tokens.mkdir(parents=True)
    config.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    environ = {"SOFTHSM2_CONF": str(config)}
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--so-pin", OFFICER_PIN, "--pin", PIN],
        env={**os.environ, **environ},
        check=True,
        capture_output=True,
    )
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(config)
    try:
        module = next(path for path in _LIBRARIES if Path(path).exists())
        yield SoftHsm(module, TOKEN, {**environ, "COFFRE_VAULT_PIN": PIN})
    finally:
        if before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = before
        shutil.rmtree(tokens)


if __name__ == "__main__":
    with running(Path(sys.argv[1])) as service:
        print(f"export {' '.join(f'{name}={value}' for name, value in service.environ.items())}", flush=True)
        print(f"COFFRE_VAULT_ROOT='{service.url()}'", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
