"""The configuration of nginx before a site's processes: TLS 1.3, two names, each request to its process."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from coffre.installation.address_forms import is_origin
from coffre.proxy import limits, routing
from coffre.proxy.routing import Process
from records.errors import Invalid

HERE = Path(__file__).parent
SCRIPT = "client_cert.js"
DEBIAN_MODULES = "/usr/lib/nginx/modules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxied:
    """What a site's proxy has to know. `people` and `machines` are host names, `processes` addresses.

    Without a name for machines nothing is asked for a certificate, and none is handed over.
    """

    people: str
    machines: str | None
    processes: Mapping[Process, str]
    certificate: Path
    key: Path
    authorities: Path | None
    listen: str = "443"


def rendered(
    site: Proxied, folder: Path, *, foreground: bool = False, scripts: Path | None = None
) -> Mapping[str, str]:
    """Files by name, to lie in `scripts`; in `folder`, by default the same, nginx keeps its pid and temporary
    files.

    Raises Invalid `bad_setting` where a value could be read as more than one word of the configuration.
    """
    _check(site, folder)
    templates = Environment(  # noqa: S701 - no HTML: each value is checked above
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    configuration = templates.get_template("nginx.conf.jinja").render(
        modules=DEBIAN_MODULES,
        foreground=foreground,
        folder=folder,
        scripts=scripts or folder,
        certificate=site.certificate,
        key=site.key,
        authorities=site.authorities,
        listen=site.listen,
        people_name=site.people,
        machines_name=site.machines,
        upstreams=[(process.value, address) for process, address in site.processes.items()],
        people=_map(site, (*routing.PEOPLE, *routing.API)),
        machines=_map(site, (*routing.MACHINES, *routing.API)),
        unbuffered=routing.UNBUFFERED,
        limits=limits.LIMITS,
        connections=limits.CONNECTIONS_OF_ADDRESS,
        largest_form=limits.LARGEST_FORM,
        largest_body=limits.LARGEST_BODY,
        errors=[_told(each) for each in limits.ERRORS],
    )
    return {"nginx.conf": configuration, SCRIPT: (HERE / SCRIPT).read_text()}


def host_of(origin: str) -> str:
    """The host name of an origin. Raises Invalid `bad_setting`."""
    if not is_origin(origin):
        raise Invalid("A proxy's name is of an origin such as https://coffre.example.", code="bad_setting")
    return str(urlsplit(origin).hostname)


def read_processes(text: str) -> dict[Process, str]:
    """COFFRE_PROXY_PROCESSES: `intake=127.0.0.1:8101,…`, or one address for all. Raises Invalid
    `bad_setting`."""
    if "=" not in text:
        every = text.strip() or "127.0.0.1:8080"
        return {process: every for process in Process if process is not Process.CERTIFICATES}
    found = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, address = entry.partition("=")
        if name not in (*Process,) or not address:
            raise Invalid(
                f"COFFRE_PROXY_PROCESSES names processes and addresses: {', '.join(Process)}.",
                code="bad_setting",
            )
        found[Process(name)] = address
    if missing := {Process.INTAKE, Process.READER, Process.GATEWAY} - found.keys():
        raise Invalid(f"COFFRE_PROXY_PROCESSES lacks {', '.join(sorted(missing))}.", code="bad_setting")
    return found


def _map(site: Proxied, rules: tuple[routing.Rule, ...]) -> list[tuple[str, str]]:
    return list(routing.lines(rules, {process: process.value for process in site.processes}))


def _told(error: limits.OwnError) -> Mapping[str, object]:
    problem = {
        "type": f"urn:coffre:problem:{error.code}",
        "title": error.code,
        "status": error.answered,
        "code": error.code,
        "detail": error.sentence,
    }
    return {"status": error.status, "answered": error.answered, "body": json.dumps(problem)}


def _check(site: Proxied, folder: Path) -> None:
    words = [site.people, site.listen, folder, site.certificate, site.key, *site.processes.values()]
    words += [word for word in (site.machines, site.authorities) if word is not None]
    if bad := [str(word) for word in words if set(str(word)) & set(" \t\r\n;{}\"'$\\#")]:
        raise Invalid(f"nginx cannot be told {bad[0]!r}: choose a name without signs.", code="bad_setting")
    if site.machines is not None and site.authorities is None:
        raise Invalid(
            "COFFRE_MACHINES_URL wants COFFRE_PROXY_AUTHORITIES: the file of the authorities whose cards and "
            "certificates are admitted.",
            code="bad_setting",
        )
