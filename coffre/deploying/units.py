"""systemd units of a site, one for each process: what it may do is written down, all else is taken away."""

from collections.abc import Iterator
from pathlib import Path

from coffre.deploying.folders import ENTERED, FOLDERS, PUBLIC
from coffre.deploying.processes import CALLERS, HOSTS, PROCESSES, PROXY, Process, number_of, user_of
from coffre.deploying.site import Site

STOP_S = 90
START_S, WATCHDOG_S = 120, 60
"""Until a process is ready, save the vault; and from one sign of life to the next, where loops give some."""
PROXY_MEMORY_MIB, PROXY_TASKS = 1024, 64
DOCTOR_METRICS = Path("/run/coffre-doctor/coffre.prom")
"""For node_exporter: `--collector.textfile.directory=/run/coffre-doctor`."""
HARDENING = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateIPC=yes
PrivateMounts=yes
DevicePolicy=closed
RemoveIPC=yes
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
LimitCORE=0
LimitNOFILE=16384
MemorySwapMax=0
UMask=0077
"""
"""Of every unit; systemd.exec(5). No swap: keys stay in memory."""
_TAKEN = "~@privileged @resources @memlock"
_CHILDREN_TAKEN = "~@privileged @memlock"
"""A worker is nicer than what readers wait for, and bounds its children: it sets priorities and limits."""


def units(site: Site) -> dict[str, str]:
    """The text of each unit, by file name: a service for each process, a target for each kind of machine."""
    services = {f"{user_of(process)}.service": service(site, process) for process in PROCESSES}
    doctor = {"coffre-doctor.service": doctor_service(site), "coffre-doctor.timer": doctor_timer()}
    targets = {f"coffre-{host}.target": _target(host, names) for host, names in HOSTS.items()}
    return {**services, **doctor, **targets, "coffre.target": _target("all", tuple(PROCESSES))}


def service(site: Site, process: str) -> str:
    """The unit of one process."""
    part = PROCESSES[process]
    after = "" if process == "vault" else f" {user_of('vault')}.service"
    arguments = " ".join((*part.arguments, *_told(process, part)))
    lines = [
        "[Unit]",
        f"Description=Coffre: {process}",
        "Documentation=file:///usr/share/doc/coffre/operate.md",
        "Wants=network-online.target",
        f"After=network-online.target{after}",
        "StartLimitIntervalSec=300",
        "StartLimitBurst=20",
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        # shares of a quorum come with the persons who hold them, and may be read from a pipe
        f"TimeoutStartSec={'infinity' if process == 'vault' else START_S}",
        *([f"WatchdogSec={WATCHDOG_S}"] if part.pulse else []),
        f"ExecStart={site.program} {arguments} --data {site.data}",
        f"User={user_of(process)}",
        f"Group={_group(process)}",
        *([f"SupplementaryGroups=coffre-{CALLERS}"] if part.doors else []),
        f"EnvironmentFile={site.etc}/settings/{process}.env",
        f"LoadCredential=roles.env:{site.etc}/roles/{process}.env",
        f"LoadCredential=secrets.env:{site.etc}/secrets/{process}.env",
        "Environment=HOME=/nonexistent PYTHONDONTWRITEBYTECODE=1",
        "Restart=always",
        "RestartSec=1",
        f"TimeoutStopSec={STOP_S}",
        "KillMode=mixed",
        *_folders(site, process),
        f"MemoryMax={part.memory_mib}M",
        f"TasksMax={part.tasks}",
        "SystemCallFilter=@system-service",
        f"SystemCallFilter={_CHILDREN_TAKEN if part.children else _TAKEN}",
        # what starts children gives up what its namespace has given it
        *(["SystemCallFilter=capset"] if part.children else []),
        # the vault asks the kernel which user calls: in a user namespace all others would be nobody
        *([] if process == "vault" else ["PrivateUsers=yes"]),
        # children read files without a network, which takes a namespace
        f"RestrictNamespaces={'net user' if part.children else 'yes'}",
        "IPAddressDeny=any",
        f"IPAddressAllow={' '.join(('localhost', *site.networks))}",
        HARDENING.rstrip(),
        "",
        "[Install]",
        "WantedBy=multi-user.target",
        "",
    ]
    return "\n".join(lines)


def _told(process: str, part: Process) -> tuple[str, ...]:
    if part.port:
        return "--port", str(part.port)
    return ("--pulse", f"/run/{user_of(process)}/pulse") if part.pulse else ()


def _group(process: str) -> str:
    """The vault's sockets have the group of its callers."""
    return f"coffre-{CALLERS}" if process == "vault" else user_of(process)


def _folders(site: Site, process: str) -> Iterator[str]:
    writes = PROCESSES[process].writes
    yield f"ReadOnlyPaths={site.data}"
    if writes:
        yield f"ReadWritePaths={' '.join(f'-{site.data}/{each}' for each in writes)}"
    if process == "signin" and "COFFRE_CERTIFICATES_SOCKET" in site.settings[process]:
        yield "RuntimeDirectory=coffre-signin"  # nginx enters it, and the socket asks the kernel who calls
        yield "RuntimeDirectoryMode=0755"
    if PROCESSES[process].pulse:
        yield f"RuntimeDirectory={user_of(process)}"
        yield "RuntimeDirectoryMode=0700"
    if process == "vault":
        yield "RuntimeDirectory=coffre-vault"
        yield "RuntimeDirectoryMode=0750"


def _target(host: str, names: tuple[str, ...]) -> str:
    wanted = " ".join(f"{user_of(name)}.service" for name in names)
    what = "everything on one machine" if host == "all" else f"what runs on machines of the kind {host}"
    return f"[Unit]\nDescription=Coffre: {what}\nWants={wanted}\n\n[Install]\nWantedBy=multi-user.target\n"


def proxy_service(site: Site) -> str:
    """The unit of nginx: the one that is reached from everywhere, and on a port below 1024."""
    nginx = f"{site.etc}/nginx/nginx.conf"
    credentials = {"certificate.pem": "COFFRE_PROXY_CERTIFICATE", "key.pem": "COFFRE_PROXY_KEY"}
    lines = [
        "[Unit]",
        "Description=Coffre: proxy",
        "Documentation=file:///usr/share/doc/coffre/operate.md",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=exec",
        f"ExecStart=/usr/sbin/nginx -c {nginx} -e stderr",
        "ExecReload=/bin/kill -HUP $MAINPID",
        f"User={user_of(PROXY)}",
        f"Group={user_of(PROXY)}",
        *(f"LoadCredential={file}:{site.proxy[name]}" for file, name in credentials.items()),
        f"RuntimeDirectory={user_of(PROXY)}",
        "RuntimeDirectoryMode=0700",
        "Restart=always",
        "RestartSec=1",
        f"TimeoutStopSec={STOP_S}",
        "KillSignal=SIGQUIT",
        f"MemoryMax={PROXY_MEMORY_MIB}M",
        f"TasksMax={PROXY_TASKS}",
        "SystemCallFilter=@system-service",
        f"SystemCallFilter={_TAKEN}",
        "RestrictNamespaces=yes",
        HARDENING.rstrip(),
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
        "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
        "",
    ]
    return "\n".join(lines)


def doctor_service(site: Site) -> str:
    """The unit of `coffre doctor`, as the owner: it has failed where something is wrong."""
    words = f"doctor --json --metrics {DOCTOR_METRICS} --etc {site.etc} --data {site.data}"
    lines = [
        "[Unit]",
        "Description=Coffre: doctor",
        "Documentation=file:///usr/share/doc/coffre/operate.md",
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart={site.program} {words}",
        f"EnvironmentFile={site.etc}/settings/owner.env",
        f"LoadCredential=secrets.env:{site.etc}/secrets/owner.env",
        "Environment=HOME=/nonexistent PYTHONDONTWRITEBYTECODE=1",
        f"RuntimeDirectory={DOCTOR_METRICS.parent.name}",
        "RuntimeDirectoryMode=0755",
        "RuntimeDirectoryPreserve=yes",
        "TimeoutStartSec=50",
        f"ReadOnlyPaths={site.data}",
        "MemoryMax=512M",
        "TasksMax=32",
        "SystemCallFilter=@system-service",
        f"SystemCallFilter={_TAKEN}",
        "RestrictNamespaces=yes",
        "IPAddressDeny=any",
        f"IPAddressAllow={' '.join(('localhost', *site.networks))}",
        HARDENING.replace("UMask=0077", "UMask=0022").rstrip(),
        "",
    ]
    return "\n".join(lines)


def doctor_timer() -> str:
    """Each minute, on which the alerts DoctorFound and DoctorSilent rest."""
    return (
        "[Unit]\nDescription=Coffre: doctor, each minute\n\n[Timer]\nOnBootSec=60\nOnUnitActiveSec=60\n"
        "AccuracySec=5\n\n[Install]\nWantedBy=timers.target\n"
    )


def users(site: Site) -> str:
    """For sysusers.d(5). Numbers are fixed, since the vault knows its callers by them."""
    lines = [f"g coffre-{CALLERS} {number_of(CALLERS)}"]
    for process, part in PROCESSES.items():
        user = user_of(process)
        lines.append(f'u {user} {number_of(process)} "Coffre {process}" {site.data} /usr/sbin/nologin')
        lines += [f"m {user} coffre-{CALLERS}"] if part.doors else []
    if site.proxy:
        lines.append(f'u {user_of(PROXY)} {number_of(PROXY)} "Coffre proxy" /nonexistent /usr/sbin/nologin')
    return "\n".join([*lines, ""])


def folders(site: Site) -> str:
    """For tmpfiles.d(5)."""
    lines = [f"d {site.data} {ENTERED:04o} root root", f"z {site.data}/coffre {PUBLIC:04o} root root"]
    for each in FOLDERS:
        at, whose = f"{site.data}/{each.path}", f"{user_of(each.process)} {user_of(each.group)}"
        lines += [f"d {at} {each.mode:04o} {whose}", f"Z {at} - {whose}"]
        lines += [f"z {at}/* {each.files:04o} {whose}"] if each.files is not None else []
    lines += [f"d {site.etc}/{each} 0700 root root" for each in ("roles", "secrets")]
    return "\n".join([*lines, ""])
