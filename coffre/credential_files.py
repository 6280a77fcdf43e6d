"""Secrets in files, in the folder CREDENTIALS_DIRECTORY: systemd's LoadCredential, a container's secrets.

Each `*.env` there has lines NAME=value, such as `coffre roles --out` writes.
"""

from pathlib import Path

from keyvault.credentials.private_files import check_mode
from records.errors import Invalid


def variables(folder: Path) -> dict[str, str]:
    """Of every file in `folder`, later names before earlier; none where there is no folder.

    Raises CoffreError "secret_readable" where everybody may read one, Invalid "bad_setting" for a line of
    another form.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.env")):
        check_mode(path)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                name, separator, value = line.partition("=")
                if not separator or not name.isidentifier():
                    raise Invalid(f"Line {number} of {path} is not NAME=value.", code="bad_setting")
                found[name] = value.strip("'")
    return found
