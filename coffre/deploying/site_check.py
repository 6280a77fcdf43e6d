"""Check that a site's settings hold together: each process by itself, what it is told, and all of them."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from coffre import setting_rules
from coffre.deploying import proxy, reach
from coffre.deploying.named_files import ADDRESSES, FILES, in_address
from coffre.deploying.processes import PROCESSES, SETTINGS
from coffre.deploying.site import Site
from coffre.deploying.site_forms import PATH_FORM, is_path
from coffre.installation.address_forms import is_origin
from coffre.setting_forms import is_address
from coffre.setting_places import lies_outside, outside
from coffre.settings import Settings, read_alone
from keyvault.roots.addresses import check_url
from records.errors import Invalid
from records.vocabulary.codes import Environment
from storage.objects.address import parse

ALIKE = ("COFFRE_ENVIRONMENT", "COFFRE_PUBLIC_URL", "COFFRE_VAULT_URL", "COFFRE_QUEUE_URL")
PROXY_READS = frozenset(f"COFFRE_PROXY_{name}" for name in ("PROCESSES", "CERTIFICATE", "KEY", "AUTHORITIES"))
_PATHS = {*FILES} | {
    f"COFFRE_{name.upper()}" for name, each in Settings.model_fields.items() if "Path" in str(each.annotation)
}
_AWS_SECRET = re.compile(r"AWS_(?!.*_FILE$).*(SECRET|TOKEN|PASSWORD)")


def faults(site: Site) -> list[str]:
    """Everything that is wrong, each with the process and the variable; no value, which may be secret."""
    return [*_each(site), *_of_proxy(site), *_together(site), *reach.faults(site)]


def check(site: Site) -> None:
    """Raises `Invalid` "bad_site" with all that is wrong."""
    found = faults(site)
    if found:
        raise Invalid(
            "\n".join(["These settings do not hold:", *(f"  {line}" for line in found)]), code="bad_site"
        )


def _each(site: Site) -> Iterator[str]:
    for process, settings in site.settings.items():
        for line in (
            *_told(site, process),
            *_places(site, process),
            *_paths(site.settings[process]),
            *_missing(site, process),
            *_unreached(site, process),
            *_rules(process, dict(settings)),
        ):
            yield f"{process}: {line}"


def _told(site: Site, process: str) -> Iterator[str]:
    """Names that nobody knows, what is another's to know, and secrets that lie open."""
    settings, secrets = site.settings[process], site.secrets[process]
    for name in sorted({*settings, *secrets}):
        known = SETTINGS.get(name)
        if known is None:
            if not _is_of_cloud(name, process):
                yield f"{name} is no setting of Coffre."
        elif process not in known.told:
            whose = ", ".join(sorted(known.told)) or "init, which the owner runs"
            yield f"{name} is not for it, but for {whose}: take it away."
    for name, value in sorted(settings.items()):
        if _is_secret(name, value):
            file = site.etc / "secrets" / f"{process}.env"
            yield f"{name} is secret: put it into {file}, and its name under secrets."


def _is_secret(name: str, value: str) -> bool:
    known = SETTINGS.get(name)
    if (known is not None and known.secret) or _AWS_SECRET.match(name):
        return True
    return is_address(value) and bool(urlsplit(value).password)


def _is_of_cloud(name: str, process: str) -> bool:
    """What the clients of a cloud find by themselves, and the `_FILE` of a secret."""
    of_file = SETTINGS.get(name.removesuffix("_FILE"))
    return name.startswith("AWS_") or (
        name.endswith("_FILE") and of_file is not None and process in of_file.told
    )


def _places(site: Site, process: str) -> Iterator[str]:
    """R50, of what clients of a cloud find by themselves; of our own settings it is a rule."""
    for name, value in sorted(site.settings[process].items()):
        if name in SETTINGS:
            continue
        if lies_outside(name, value):
            yield outside(name)
        elif not is_address(value):
            yield f"{name} is no address: write it as https://host:port."


def _paths(told: Mapping[str, str]) -> Iterator[str]:
    """They stand in units, in nginx's configuration and in compose.yaml."""
    for name, value in sorted(told.items()):
        named = {value} if name in _PATHS or name.endswith("_FILE") else set()
        named |= in_address(value) if name in ADDRESSES else set()
        if not all(map(is_path, named)):
            yield f"{name} names a file or folder: write {PATH_FORM}."


def _missing(site: Site, process: str) -> Iterator[str]:
    has = {*site.settings[process], *site.secrets[process]}
    for name, each in SETTINGS.items():
        if each.needed and process in each.told and name not in has:
            yield f"{name} is missing."
    told = site.settings[process]
    if PROCESSES[process].port and setting_rules.takes_proxy_for_callers(
        told.get("COFFRE_PUBLIC_URL", ""), told.get("COFFRE_TRUSTED_PROXIES", "")
    ):
        yield (
            "COFFRE_TRUSTED_PROXIES is missing: a proxy stands before it, such as 127.0.0.1, and limits and "
            "pauses would count everybody as one caller."
        )
    if told.get("COFFRE_VAULT_URL", "").startswith("https"):
        lacking = [name for name in SETTINGS if name.startswith("COFFRE_VAULT_TLS_") and name not in has]
        if lacking:
            yield f"an https:// vault needs {', '.join(lacking)}."


def _unreached(site: Site, process: str) -> Iterator[str]:
    """A store at an address that exists inside alone, which readers would be sent to."""
    settings = site.settings[process]
    readers = SETTINGS["COFFRE_OBJECTS_PUBLIC_URL"].told
    if process not in readers or "COFFRE_OBJECTS_PUBLIC_URL" in settings:
        return
    try:
        address = parse(settings.get("COFFRE_OBJECTS_URL", ""))
    except Invalid:
        return
    host = urlsplit(address.endpoint).hostname or ""
    if "." not in host or host.startswith("127."):
        yield (
            f"readers do not reach {host}, where COFFRE_OBJECTS_URL lies: say where they do in "
            "COFFRE_OBJECTS_PUBLIC_URL, which may be COFFRE_PUBLIC_URL itself."
        )


def _rules(process: str, settings: dict[str, str]) -> Iterator[str]:
    """What the process itself would refuse at its start."""
    if process not in SETTINGS["COFFRE_VAULT_URL"].told:
        settings["COFFRE_VAULT_URL"] = setting_rules.NOWHERE
    for name in [name for name, each in SETTINGS.items() if each.secret]:
        settings.pop(name, None)
    try:
        setting_rules.check(read_alone(settings))
    except Invalid as error:
        yield error.sentence
    try:
        if root := settings.get("COFFRE_VAULT_ROOT"):
            check_url(root)
    except Invalid as error:
        if error.code != "non_eea_region":  # it is told above
            yield error.sentence


def _of_proxy(site: Site) -> Iterator[str]:
    """Of nginx: its certificate with its key, or nothing."""
    for name in sorted(site.proxy.keys() - PROXY_READS):
        yield f"proxy: {name} is not for it: name {', '.join(sorted(PROXY_READS))}."
    lacking = sorted({"COFFRE_PROXY_CERTIFICATE", "COFFRE_PROXY_KEY"} - site.proxy.keys())
    if site.proxy and lacking:
        yield f"proxy: {', '.join(lacking)} is missing."
    yield from (f"proxy: {line}" for line in _paths(site.proxy))
    if is_origin(site.settings["signin"].get("COFFRE_PUBLIC_URL", "")):
        try:
            proxy.files(site)
        except Invalid as error:
            yield f"proxy: {error.sentence}"


def _together(site: Site) -> Iterator[str]:
    for name in ALIKE:
        values = {site.settings[process].get(name) for process in PROCESSES if name in site.settings[process]}
        if len(values) > 1:
            yield f"all: {name} differs between processes: give each the same."
    environments = {each.get("COFFRE_ENVIRONMENT") for each in site.settings.values()}
    if None in environments and Environment.PRODUCTION in environments:
        yield "all: COFFRE_ENVIRONMENT is production for some and left out for others: give it to all."
    buckets = {
        _store(each["COFFRE_OBJECTS_URL"]) for each in site.settings.values() if "COFFRE_OBJECTS_URL" in each
    }
    if len(buckets - {None}) > 1:
        yield "all: COFFRE_OBJECTS_URL names several stores: each process has its own way to the same."


def _store(url: str) -> str | None:
    """A bucket whichever way leads there; None where no process would start with it."""
    if not url.startswith(("s3:", "minio:")):
        return url
    try:
        address = parse(url)
    except Invalid:
        return None
    return f"{address.bucket}/{address.prefix}"
