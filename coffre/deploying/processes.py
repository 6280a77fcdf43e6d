"""The processes of a site: what each runs, its Unix user, the doors of the vault that are open to it,
its rights on the objects, the settings it is told. Units, checks of settings and the full demo follow it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

FIRST_USER = 60_801
"""Numbers that nobody has: above whom Debian adds, below whom systemd makes up (61184)."""
PROXY, CALLERS = "proxy", "callers"
"""The group that reaches the vault's sockets at all; which one is asked of the kernel, user by user."""


@dataclass(frozen=True, slots=True)
class Process:
    """`doors` are of the vault; `objects`: Read, Write, List; `port`: where it serves HTTP on the loopback;
    `writes`: below the data directory; `children`: whether it starts confined ones; `pulse`: whether its
    loops give signs of life in a folder, since nobody can ask it.
    """

    arguments: tuple[str, ...]
    doors: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    port: int | None = None
    writes: tuple[str, ...] = ()
    children: bool = False
    pulse: bool = False
    memory_mib: int = 1024
    tasks: int = 128


PROCESSES: Mapping[str, Process] = {
    "vault": Process(("vault", "serve"), writes=("vault",), memory_mib=2048),
    "housekeeper": Process(("housekeeper",), ("housekeeper",), ("Read", "Write", "List"), pulse=True),
    "worker": Process(
        ("worker",),
        ("worker",),
        ("Read", "Write"),
        children=True,
        pulse=True,
        memory_mib=6144,
        tasks=256,
    ),
    "intake": Process(("serve", "--only", "intake"), (), ("Read", "Write"), port=8081),
    "reader": Process(
        ("serve", "--only", "reader"),
        ("reader", "public"),
        ("Read",),
        port=8082,
        writes=("reader",),
        children=True,
        memory_mib=2048,
        tasks=256,
    ),
    "gateway": Process(
        ("serve", "--only", "gateway"),
        ("gateway", "public"),
        ("Read",),
        port=8083,
        children=True,
        memory_mib=4096,
        tasks=256,
    ),
    "signin": Process(("signin", "serve"), ("signin",), port=8084, writes=("sign-in",)),
}
"""In the order in which they start. A new one comes last, so that users keep their numbers."""
HOSTS: Mapping[str, tuple[str, ...]] = {
    "vault": ("vault",),
    "housekeeper": ("housekeeper",),
    "worker": ("worker",),
    "web": ("intake", "reader", "gateway", "signin"),
}
"""What runs on one kind of machine, where a site has several; the proxy is on web."""

EVERYBODY = frozenset(PROCESSES)
_HTTP = frozenset(name for name, each in PROCESSES.items() if each.port)
_CALLERS = frozenset(name for name, each in PROCESSES.items() if each.doors)
_OBJECTS = frozenset(name for name, each in PROCESSES.items() if each.objects)
_INDEX = EVERYBODY - {"vault"}
_VAULT = frozenset({"vault"})
_QUEUE = frozenset({"intake", "worker", "housekeeper"})
_WORKER = frozenset({"worker"})
_SIGN_IN = frozenset({"signin"})
_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Setting:
    """`told`: the processes that read it; `needed`: they don't start without; `secret`: it is in a file and
    never in a unit, in a state of Terraform or on a command line.
    """

    told: frozenset[str]
    needed: bool = False
    secret: bool = False


SETTINGS: Mapping[str, Setting] = {
    "COFFRE_ENVIRONMENT": Setting(EVERYBODY),
    "COFFRE_PUBLIC_URL": Setting(EVERYBODY, needed=True),
    "COFFRE_LOG_FORMAT": Setting(EVERYBODY),
    "COFFRE_REQUIRE_POSSESSION": Setting(EVERYBODY),
    "COFFRE_INDEX_URL": Setting(_INDEX, needed=True, secret=True),
    "COFFRE_VAULT_STORE_URL": Setting(_VAULT, needed=True, secret=True),
    "COFFRE_DAY_KEYS_URL": Setting(_VAULT, needed=True, secret=True),
    "COFFRE_ACCOUNTS_URL": Setting(frozenset({"signin"}), needed=True, secret=True),
    "COFFRE_OBJECTS_URL": Setting(_OBJECTS, needed=True),
    "COFFRE_OBJECTS_PUBLIC_URL": Setting(frozenset({"reader", "gateway"})),
    "COFFRE_S3_ACCESS_KEY_ID": Setting(EVERYBODY, secret=True),
    "COFFRE_S3_SECRET_ACCESS_KEY": Setting(EVERYBODY, secret=True),
    "COFFRE_SECOND_PLACE_URL": Setting(_VAULT),
    "COFFRE_QUEUE_URL": Setting(_QUEUE, secret=True),
    "COFFRE_VAULT_URL": Setting(_CALLERS | _VAULT, needed=True),
    "COFFRE_VAULT_ROOT": Setting(_VAULT, needed=True),
    "COFFRE_VAULT_PASSPHRASE": Setting(_VAULT, secret=True),
    "COFFRE_VAULT_PIN": Setting(_VAULT, secret=True),
    "COFFRE_VAULT_TOKEN": Setting(_VAULT, secret=True),
    "COFFRE_VAULT_SHARES": Setting(_VAULT, secret=True),
    "COFFRE_VAULT_TLS_CERTIFICATE": Setting(_CALLERS | _VAULT),
    "COFFRE_VAULT_TLS_KEY": Setting(_CALLERS | _VAULT),
    "COFFRE_VAULT_TLS_AUTHORITY": Setting(_CALLERS | _VAULT),
    "COFFRE_VAULT_PEERS": Setting(_VAULT),
    "COFFRE_TRUSTED_PROXIES": Setting(_HTTP),
    "COFFRE_CERTIFICATE_PROXIES": Setting(_HTTP),
    "COFFRE_OPERATOR_ADDRESS": Setting(_HTTP),
    "COFFRE_ALLOWED_ORIGINS": Setting(_HTTP),
    "COFFRE_GATEWAY": Setting(frozenset({"reader", "gateway"})),
    "COFFRE_OHIF": Setting(frozenset({"gateway"})),
    "COFFRE_NOTICES_URL": Setting(frozenset({"housekeeper", "gateway", "signin"})),
    "COFFRE_NOTICES_FROM": Setting(frozenset({"housekeeper", "gateway", "signin"})),
    "COFFRE_SMS_URL": Setting(frozenset({"signin"})),
    "COFFRE_SYSLOG_URL": Setting(frozenset({"signin"})),
    "COFFRE_IDENTITY_CHECK": Setting(_WORKER),
    "COFFRE_LEASE_S": Setting(_WORKER),
    "COFFRE_WORKERS": Setting(_WORKER),
    "COFFRE_SHARED_DEPOSITS": Setting(_WORKER),
    "COFFRE_DECODE_FRAMES": Setting(_WORKER),
    "COFFRE_RENDITIONS": Setting(_WORKER),
    "COFFRE_CPU_ALLOWANCE_S": Setting(_WORKER | _HTTP),
    "COFFRE_CARD_AUTHORITIES": Setting(_SIGN_IN),
    "COFFRE_ORGANISATION_AUTHORITIES": Setting(_SIGN_IN),
    "COFFRE_PRACTICE_SETTINGS": Setting(_SIGN_IN),
    "COFFRE_REVOCATION_LISTS": Setting(_SIGN_IN),
    "COFFRE_CERTIFICATES_SOCKET": Setting(_SIGN_IN),
    "COFFRE_PROXY_USER": Setting(_SIGN_IN),
    "COFFRE_MACHINES_URL": Setting(_SIGN_IN),
    "COFFRE_PSC_ISSUER": Setting(_SIGN_IN),
    "COFFRE_PSC_CLIENT_ID": Setting(_SIGN_IN),
    "COFFRE_PSC_CLIENT_SECRET": Setting(_SIGN_IN, secret=True),
    "COFFRE_FRANCECONNECT_ISSUER": Setting(_SIGN_IN),
    "COFFRE_FRANCECONNECT_CLIENT_ID": Setting(_SIGN_IN),
    "COFFRE_FRANCECONNECT_CLIENT_SECRET": Setting(_SIGN_IN, secret=True),
    # of the owner alone: `proxy render` writes them into the configuration of nginx
    "COFFRE_PROXY_PROCESSES": Setting(_NOBODY),
    "COFFRE_PROXY_CERTIFICATE": Setting(_NOBODY),
    "COFFRE_PROXY_KEY": Setting(_NOBODY),
    "COFFRE_PROXY_AUTHORITIES": Setting(_NOBODY),
    # of the owner alone: `init` writes them into the data directory
    "COFFRE_OPERATORS": Setting(_NOBODY),
    "COFFRE_AUTHORITY_PUBLIC": Setting(_NOBODY),
    "COFFRE_AUTHORITY_ISSUER": Setting(_NOBODY),
}
"""By variable. COFFRE_DATA stands in each command line."""


def settings_of(process: str) -> frozenset[str]:
    """The variables that this process reads."""
    return frozenset(name for name, each in SETTINGS.items() if process in each.told)


def user_of(process: str) -> str:
    return f"coffre-{process}"


def number_of(name: str) -> int:
    """The user's, or the group's of the vault's callers."""
    beside = {CALLERS: FIRST_USER - 1, PROXY: FIRST_USER - 2}
    return beside[name] if name in beside else FIRST_USER + list(PROCESSES).index(name)


def peers(owner: int = 0) -> str:
    """COFFRE_VAULT_PEERS: whom the vault lets through which door; `owner` runs the commands."""
    entries = [f"{door}={number_of(name)}" for name, each in PROCESSES.items() for door in each.doors]
    entries += [f"{door}={owner}" for door in OWNERS_DOORS]
    return ",".join(entries)


OWNERS_DOORS = ("operator", "inspector", "housekeeper", "public")
"""Of whoever runs the commands."""
