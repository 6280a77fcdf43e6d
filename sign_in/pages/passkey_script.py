"""The program of the pages with passkeys: one file, under a name that changes with its content."""

import hashlib
from pathlib import Path

CONTENT = (Path(__file__).parent / "static" / "passkeys.js").read_bytes()
NAME = f"passkeys.{hashlib.sha256(CONTENT).hexdigest()[:12]}.js"
ADDRESS = f"/sign-in/static/{NAME}"
