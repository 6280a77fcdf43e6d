"""nginx as `coffre deploy render` writes it, from the description that units and settings come from."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from coffre.deploying.compose import CONTAINER_PORT, compose
from coffre.deploying.processes import PROCESSES, PROXY, number_of
from coffre.deploying.rendering import rendered
from coffre.deploying.site import Site, read
from coffre.deploying.site_check import faults
from tests.integration.test_proxy import DEBIAN_MODULES
from tests.integration.test_units import EXPOSURE, analyze
from tests.services.authority import Authority
from tests.services.processes import debian, free_port, install
from tests.services.server import Server
from tests.services.service import listens
from tests.unit.coffre.deploying.test_site import GOOD

SOCKET = "/run/coffre-signin/certificates.sock"


def described(**proxy: str) -> Site:
    settings = {
        **GOOD["settings"],
        "signin": {"COFFRE_CERTIFICATES_SOCKET": SOCKET, "COFFRE_MACHINES_URL": "https://machines.example"},
        "proxy": proxy,
    }
    return read(json.dumps({**GOOD, "settings": settings}))


def site(folder: Path) -> Site:
    certificate, key, authority = Authority(folder / "authority").issue("proxy")
    return described(
        COFFRE_PROXY_CERTIFICATE=str(certificate),
        COFFRE_PROXY_KEY=str(key),
        COFFRE_PROXY_AUTHORITIES=str(authority),
    )


def placed(folder: Path, where: str) -> tuple[str, Path]:
    """nginx, and its configuration with everything that it names in a folder of the test."""
    program = debian("nginx", "nginx-light")
    if not Path(DEBIAN_MODULES, "ngx_http_js_module.so").exists():
        install("nginx's module for JavaScript", "libnginx-mod-http-js")
    described_site = site(folder)
    files = rendered(described_site)
    own = folder / "own"
    own.mkdir()
    text = files[f"{where}/nginx.conf"]
    for places in (
        "/run/credentials/coffre-proxy.service",
        "/run/secrets",
        "/etc/coffre/nginx",
        "/etc/nginx",
    ):
        text = text.replace(f"{places}/", f"{own}/").replace(f"js_path {places};", f"js_path {own};")
    text = re.sub(r"(?<= )/run(/coffre-proxy)?(?=/)(?!/coffre-signin)", str(own), text)
    (own / "nginx.conf").write_text(text)
    (own / "client_cert.js").write_text(files[f"{where}/client_cert.js"])
    for name in ("certificate", "key"):
        given = described_site.proxy[f"COFFRE_PROXY_{name.upper()}"]
        (own / f"{name}.pem").write_bytes(Path(given).read_bytes())
    return program, own / "nginx.conf"


@pytest.mark.parametrize("where", ["nginx", "container/nginx"])
def test_nginx_takes_the_configuration(tmp_path: Path, where: str) -> None:
    program, configuration = placed(tmp_path, where)
    words = [program, "-t", "-c", str(configuration), "-e", str(tmp_path / "error.log")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = configuration.read_text()
    ports = {part.port for part in PROCESSES.values() if part.port}
    assert {int(port) for port in re.findall(r"server 127\.0\.0\.1:(\d+);", text)} == ports
    assert f"server unix:{SOCKET};" in text


def test_its_container_is_healthy_while_nginx_answers_though_nobody_is_behind_it(tmp_path: Path) -> None:
    debian("curl", "curl")
    program, configuration = placed(tmp_path, "container/nginx")
    port = free_port()
    text = configuration.read_text().replace(f"listen {CONTAINER_PORT} ", f"listen 127.0.0.1:{port} ")
    configuration.write_text(text.replace("/tmp/", f"{configuration.parent}/"))
    words = shlex.split(compose(described())["services"][PROXY]["healthcheck"]["test"])
    check = [word.replace(str(CONTAINER_PORT), str(port)) for word in words]
    command = [program, "-c", configuration, "-e", tmp_path / "error.log"]
    with Server("nginx", command, tmp_path / "nginx.log", lambda: listens(port)):
        assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    assert subprocess.run(check, capture_output=True, check=False).returncode != 0


def test_its_unit_is_as_bounded_as_the_processes(tmp_path: Path) -> None:
    files = rendered(site(tmp_path))
    unit = tmp_path / "coffre-proxy.service"
    unit.write_text(files["systemd/coffre-proxy.service"].replace("/usr/sbin/nginx", "/bin/true"))
    said = analyze("security", "--offline=true", "--no-pager", unit).stdout
    (level,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert float(level) <= EXPOSURE, said
    assert analyze("verify", "--man=no", unit).stderr == ""
    assert f"u coffre-proxy {number_of(PROXY)} " in files["sysusers.d/coffre.conf"]


def test_the_socket_of_certificates_is_for_its_user_alone(tmp_path: Path) -> None:
    files = rendered(site(tmp_path))
    assert f'COFFRE_PROXY_USER="{number_of(PROXY)}"' in files["settings/signin.env"]
    assert "RuntimeDirectory=coffre-signin\n" in files["systemd/coffre-signin.service"]
    numbers = [number_of(name) for name in PROCESSES]
    assert number_of(PROXY) not in numbers


def test_containers_have_the_same(tmp_path: Path) -> None:
    described_site = site(tmp_path)
    files = rendered(described_site)
    made = json.loads(files["container/compose.yaml"])
    (certificate, key) = (made["secrets"][f"proxy_{each}"]["file"] for each in ("certificate", "key"))
    assert certificate == described_site.proxy["COFFRE_PROXY_CERTIFICATE"]
    assert key == described_site.proxy["COFFRE_PROXY_KEY"]
    assert made["services"]["proxy"]["user"] == f"{number_of(PROXY)}:{number_of(PROXY)}"
    (published,) = made["services"]["front"]["ports"]
    assert f"listen {published.partition(':')[2]} ssl" in files["container/nginx/nginx.conf"]


def test_without_a_certificate_there_is_none_and_half_of_one_is_refused() -> None:
    assert not [name for name in rendered(described()) if "nginx" in name or "proxy" in name]
    assert [line for line in faults(described(COFFRE_PROXY_KEY="/k")) if line.startswith("proxy:")] == [
        "proxy: COFFRE_PROXY_CERTIFICATE is missing."
    ]
    strange = faults(described(COFFRE_PROXY_CERTIFICATE="/c", COFFRE_PROXY_KEY="/k", COFFRE_VAULT_PIN="1"))
    assert [line for line in strange if line.startswith("proxy: COFFRE_VAULT_PIN")]
