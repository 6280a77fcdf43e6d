"""Object stores by their address; the S3 clients are imported where an address asks for them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from records.errors import CoffreError, Invalid
from storage.objects.address import Address, parse
from storage.objects.bucket import Bucket
from storage.objects.credentials import Credentials
from storage.objects.filesystem import FilesystemObjects
from storage.objects.kept_files import KeptFiles
from storage.objects.locked import LockedNotes
from storage.objects.s3 import S3Objects
from storage.ports.objects import ObjectStore


def open_objects(
    url: str, *, credentials: Credentials | None = None, public_url: str | None = None
) -> ObjectStore:
    """The store at `file:///…`, `s3://…` or `minio://…` (`storage.objects.address`); asks no server.

    `public_url` is the origin under which readers reach the same store, if it is another one: presigned
    addresses name it. Raises `Invalid` "bad_setting" or "non_eea_region", CoffreError "engines_missing".
    """
    if url.startswith("file:"):
        return FilesystemObjects(Path(url.removeprefix("file:").removeprefix("//")))
    address = parse(url)
    make = _maker(address.scheme)
    public = make(replace(address, endpoint=_origin(public_url)), credentials) if public_url else None
    return S3Objects(make(address, credentials), address, public)


def open_locked_notes(url: str, *, credentials: Credentials | None = None) -> LockedNotes | KeptFiles:
    """A bucket under object lock (`s3://…`, `minio://…`), or a folder. Raises like `open_objects`."""
    if url.startswith("file:"):
        return KeptFiles(Path(url.removeprefix("file:").removeprefix("//")))
    address = parse(url, "COFFRE_SECOND_PLACE_URL")
    return LockedNotes(_maker(address.scheme)(address, credentials), address)


def prepare_objects(
    url: str,
    *,
    origins: Sequence[str],
    create: bool,
    versions: bool = False,
    credentials: Credentials | None = None,
) -> None:
    """Prepare a store, once: bucket, CORS for the pages of `origins`, versions. Nothing for files."""
    objects = open_objects(url, credentials=credentials)
    if isinstance(objects, S3Objects):
        objects.prepare(origins, create=create, versions=versions)


def _maker(scheme: str) -> Callable[[Address, Credentials | None], Bucket]:
    try:
        if scheme == "minio":
            from storage.objects.minio_sdk import MinioBucket  # noqa: PLC0415

            return MinioBucket
        from storage.objects.boto import BotoBucket  # noqa: PLC0415
    except ImportError as error:
        raise CoffreError(
            "An S3 store needs the engines: pip install 'coffre[engines]'.", code="engines_missing"
        ) from error
    return BotoBucket


def _origin(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise Invalid("COFFRE_OBJECTS_PUBLIC_URL begins with http:// or https://.", code="bad_setting")
    return url.rstrip("/")
