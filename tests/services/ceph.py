"""Ceph's S3 gateway on one monitor and one store in a sparse file, from Debian's packages.

`python -m tests.services.ceph DIR [--tls]` runs it by hand. One copy of everything: for tests only.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from tests.services.processes import install
from tests.services.seaweedfs import KEYS
from tests.services.service import (
    HOST,
    S3Service,
    by_hand,
    certificate,
    free_ports,
    listens,
    process,
    wait_until,
)

PACKAGES = ("ceph-mon", "ceph-osd", "radosgw", "ceph-common")
PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin")

CONFIG = """\
[global]
fsid = {fsid}
mon_host = [v2:{host}:{mon}]
public_addr = {host}
cluster_addr = {host}
ms_bind_msgr1 = false
ms_bind_ipv6 = false
auth_allow_insecure_global_id_reclaim = false
keyring = {d}/$type.keyring
run_dir = {d}/run
admin_socket =
log_file = {d}/log/$name.log
crash_dir = {d}/crash
log_to_stderr = false
err_to_stderr = true
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 2000
mon_data_avail_crit = 1
mon_data_avail_warn = 2
[mon]
mon_data = {d}/mon
mon_cluster_log_file = {d}/log/cluster.log
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
[osd]
osd_data = {d}/osd
keyring = {d}/osd/keyring
osd_objectstore = bluestore
bluestore_block_size = 21474836480
bluestore_block_create = true
osd_memory_target = 1073741824
osd_class_update_on_start = true
[client.rgw]
keyring = {d}/rgw/keyring
rgw_data = {d}/rgw
rgw_frontends = beast {listen} tcp_nodelay=1
rgw_enable_apis = s3, admin
rgw_crypt_require_ssl = false
rgw_thread_pool_size = 64
"""


@contextmanager
def running(directory: Path, *, tls: bool = False) -> Iterator[S3Service]:
    """An empty cluster in `directory`, ready to be written to."""
    if not all(map(shutil.which, PROGRAMS)):
        install("Ceph", *PACKAGES)
    for name in ("mon", "osd", "rgw", "run", "log", "crash"):
        (directory / name).mkdir(exist_ok=True)
    mon, port = free_ports(2)
    listen, ca = f"endpoint={HOST}:{port}", None
    if tls:
        cert, key = certificate(directory)
        listen, ca = f"ssl_endpoint={HOST}:{port} ssl_certificate={cert} ssl_private_key={key}", str(cert)
    fsid, config = str(uuid4()), directory / "ceph.conf"
    config.write_text(CONFIG.format(d=directory, fsid=fsid, host=HOST, mon=mon, listen=listen))
    service = S3Service(f"{'https' if tls else 'http'}://{HOST}:{port}", *KEYS, ca=ca)
    with ExitStack() as daemons:
        cluster = _Cluster(directory, config, daemons)
        cluster.start_monitor(fsid)
        cluster.start_store()
        cluster.start_gateway(port)
        yield service


class _Cluster:
    """The steps that make a cluster, in the order in which each needs the one before."""

    def __init__(self, directory: Path, config: Path, daemons: ExitStack) -> None:
        self._d, self._config, self._daemons = directory, config, daemons

    def start_monitor(self, fsid: str) -> None:
        d = self._d
        admin = [word for cap in ("mon", "osd", "mgr") for word in ("--cap", cap, "allow *")]
        self._run("ceph-authtool", "--create-keyring", d / "mon.keyring", "--gen-key", "-n", "mon.")
        self._run("ceph-authtool", d / "mon.keyring", "-n", "mon.", "--cap", "mon", "allow *")
        self._run(
            *("ceph-authtool", "--create-keyring", d / "client.keyring", "--gen-key"),
            *("-n", "client.admin", *admin),
        )
        self._run("ceph-authtool", d / "mon.keyring", "--import-keyring", d / "client.keyring")
        self._run(
            *("monmaptool", "--create", "--clobber", "--fsid", fsid),
            *("--add", "a", self._monitor_address(), d / "monmap"),
        )
        self._run(
            *("ceph-mon", "-c", self._config, "--mkfs", "-i", "a"),
            *("--monmap", d / "monmap", "--keyring", d / "mon.keyring"),
        )
        self._daemon("mon", "ceph-mon", "-i", "a")

    def _monitor_address(self) -> str:
        line = next(line for line in self._config.read_text().splitlines() if line.startswith("mon_host"))
        return line.partition("= ")[2].strip("[]").removeprefix("v2:")

    def start_store(self) -> None:
        secret = self._run("ceph-authtool", "--gen-print-key").strip()
        uuid, keyring = str(uuid4()), self._d / "osd" / "keyring"
        self._ceph("osd", "new", uuid, "-i", "-", text=json.dumps({"cephx_secret": secret}))
        self._run("ceph-authtool", "--create-keyring", keyring, "-n", "osd.0", "--add-key", secret)
        self._run("ceph-osd", "-c", self._config, "-i", "0", "--mkfs", "--osd-uuid", uuid)
        child = self._daemon("osd", "ceph-osd", "-i", "0")
        wait_until(lambda: "1 up" in self._ceph("osd", "stat"), child, self._log("osd"))

    def start_gateway(self, port: int) -> None:
        caps = ("mon", "allow rw", "osd", "allow rwx", "mgr", "allow r")
        self._ceph("auth", "get-or-create", "client.rgw", *caps, "-o", self._d / "rgw" / "keyring")
        access, secret = KEYS
        self._run(
            *("radosgw-admin", "-c", self._config, "-n", "client.rgw", "user", "create", "--uid=test"),
            *("--display-name=test", "--max-buckets=0", f"--access-key={access}", f"--secret={secret}"),
        )
        child = self._daemon("rgw", "radosgw", "-n", "client.rgw")
        wait_until(lambda: listens(port), child, self._log("rgw"))

    def _daemon(self, name: str, *command: str) -> "subprocess.Popen[bytes]":
        words = [*command, "-c", str(self._config), "-f"]
        return self._daemons.enter_context(process(words, self._log(name), grace_s=0))

    def _log(self, name: str) -> Path:
        return self._d / "log" / f"{name}.out"

    def _ceph(self, *words: object, text: str = "") -> str:
        return self._run("ceph", "-c", self._config, *words, text=text)

    def _run(self, *words: object, text: str = "") -> str:
        command = list(map(str, words))
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[:3])} failed: {done.stderr[-1000:]}")
        return done.stdout


if __name__ == "__main__":
    by_hand(lambda directory: running(directory, tls="--tls" in sys.argv))
