"""Files of secrets, one for each process, as its unit loads them."""

from pathlib import Path

from coffre import credential_files
from coffre.deploying.processes import PROCESSES, settings_of
from keyvault.credentials import private_files
from records.errors import Invalid

FOLDER_MODE = 0o700


def write(given: object, folder: Path) -> list[Path]:
    """Writes `{process: {NAME: value}}`, each file readable by its owner alone.

    Raises `Invalid` "bad_secrets" before anything is written, without any value.
    """
    texts = {process: _text(process, values) for process, values in _table(given).items()}
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    written = []
    for process, text in texts.items():
        path = folder / f"{process}.env"
        private_files.replace(path, text.encode())
        written.append(path)
    return written


def _table(given: object) -> dict[str, object]:
    if not isinstance(given, dict) or not given or given.keys() - PROCESSES:
        raise Invalid(
            f'Give an object such as {{"vault": {{"COFFRE_VAULT_PIN": "…"}}}}, of {", ".join(PROCESSES)}.',
            code="bad_secrets",
        )
    return given


def _text(process: str, values: object) -> str:
    if not isinstance(values, dict):
        raise Invalid(f"{process} has an object of settings.", code="bad_secrets")
    for name, value in values.items():
        if name not in settings_of(process) and not name.startswith("AWS_"):
            raise Invalid(f"{name} is no setting that {process} reads.", code="bad_secrets")
        if not isinstance(value, str) or not value:
            raise Invalid(f"{name} of {process} is text on one line.", code="bad_secrets")
    return credential_files.text(values)
