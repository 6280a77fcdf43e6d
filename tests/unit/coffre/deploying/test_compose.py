"""Containers of a site: each as closed as its unit, in the networks of what it asks and in no other."""

import json
import re
from pathlib import Path

import pytest

from coffre.deploying.compose import (
    ASKS,
    DATA,
    DOORS,
    FRONT,
    OUTSIDE,
    OWNER,
    PROXY,
    PULSE,
    ROOT_CERTIFICATE,
    compose,
    networks_of,
)
from coffre.deploying.engines import ENGINES, engines
from coffre.deploying.named_files import FILES
from coffre.deploying.passwords import write
from coffre.deploying.processes import CALLERS, PROCESSES, SETTINGS, number_of, settings_of, user_of
from coffre.settings import Settings
from records.errors import Conflict
from tests.unit.coffre.deploying.test_site import site

ROOT = Path(__file__).resolve().parents[4]
FOUND = compose(site())
SERVICES = FOUND["services"]
ENGINES_FOUND = engines()


def test_every_process_is_a_service_and_the_front_alone_is_reached_from_outside() -> None:
    assert SERVICES.keys() == {FRONT, PROXY, OWNER, *PROCESSES}
    assert SERVICES[OWNER]["profiles"] == [OWNER], "it is started by hand alone"
    assert {name for name, each in SERVICES.items() if "ports" in each} == {FRONT}
    assert {name for name, each in SERVICES.items() if "edge" in each.get("networks", ())} == {FRONT}
    open_ones = {name for name, each in FOUND["networks"].items() if not each.get("internal")}
    assert open_ones == {"edge", OUTSIDE}


@pytest.mark.parametrize("service", [*SERVICES, *ENGINES])
def test_each_is_closed(service: str) -> None:
    found = SERVICES.get(service) or ENGINES_FOUND["services"][service]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found["ulimits"]["core"] == 0
    assert "privileged" not in found


@pytest.mark.parametrize("process", PROCESSES)
def test_each_has_its_user_its_bounds_and_no_swap(process: str) -> None:
    found = SERVICES[process]
    assert found["user"].split(":")[0] == str(number_of(process))
    assert found["mem_limit"] == found["memswap_limit"]
    assert found["pids_limit"] == PROCESSES[process].tasks


@pytest.mark.parametrize("process", PROCESSES)
def test_secrets_are_files_of_this_process_alone(process: str) -> None:
    assert {each["source"] for each in SERVICES[process]["secrets"]} == {
        f"{process}_roles",
        f"{process}_secrets",
    }
    secret = {name for name, each in SETTINGS.items() if each.secret}
    assert not secret & SERVICES[process]["environment"].keys()
    assert FOUND["secrets"][f"{process}_roles"] == {"file": f"./roles/{process}.env"}


@pytest.mark.parametrize("service", [*SERVICES, *ENGINES])
def test_each_says_whether_it_is_healthy(service: str) -> None:
    """But the owner, who runs one command and ends."""
    found = SERVICES.get(service) or ENGINES_FOUND["services"][service]
    assert ("healthcheck" in found) is (service != OWNER)
    if service not in (OWNER, PROXY):
        assert found["healthcheck"]["test"][0] == "CMD", "there is no shell"


def test_engines_replace_what_a_service_has_and_add_to_no_list_of_it() -> None:
    """podman-compose puts a later list behind an earlier one: of a check that would be no command."""
    for name, more in ENGINES_FOUND["services"].items():
        both = SERVICES.get(name, {}).keys() & more.keys() - {"volumes"}
        for key in both:
            values = [more[key], *(more[key].values() if isinstance(more[key], dict) else ())]
            assert not [each for each in values if isinstance(each, list)], (name, key)


def test_who_can_not_be_asked_leaves_signs_of_life_in_memory() -> None:
    for process, part in PROCESSES.items():
        told = SERVICES[process]["command"]
        assert (told[-2:] == ["--pulse", PULSE]) is part.pulse
        assert part.pulse is (part.port is None and process != "vault")
    assert Path(PULSE).parent == Path("/tmp")
    assert SERVICES["worker"]["tmpfs"] == ["/tmp"]


def test_networks_are_of_those_who_speak_with_each_other() -> None:
    members = {name: {process for process in PROCESSES if name in networks_of(process)} for name in ASKS}
    assert members["keys"] == members["root"] == {"vault"}
    assert members["accounts"] == {"signin"}
    assert members["index"] == PROCESSES.keys() - {"vault"}
    assert members["objects"] == {name for name, part in PROCESSES.items() if part.objects}
    assert members["broker"] == {"intake", "worker", "housekeeper"}
    for process, part in PROCESSES.items():
        if part.port:
            assert SERVICES[process]["network_mode"] == f"service:{FRONT}"
            assert {*networks_of(process)} <= {*SERVICES[FRONT]["networks"]}
        else:
            assert SERVICES[process]["networks"] == [*networks_of(process), OUTSIDE]


def test_who_asks_engines_alone_gets_nowhere_else() -> None:
    near = {
        "all": {"COFFRE_OBJECTS_URL": "s3://coffre?endpoint=http://objects:8333"},
        "vault": {"COFFRE_VAULT_ROOT": "transit:https://root:8200/transit/r?ca=/run/root.pem"},
    }
    far = {
        "vault": {**near["vault"], "COFFRE_SECOND_PLACE_URL": "s3://checkpoints?region=eu-west-3"},
        "housekeeper": {"COFFRE_NOTICES_URL": "smtps://mail.example:465"},
    }
    assert outside(**near) == set()
    assert outside(**{**near, **far}) == {"vault", "housekeeper"}


def outside(**told: dict[str, str]) -> set[str]:
    services = compose(site(**told))["services"]
    return {name for name in PROCESSES if OUTSIDE in services[name].get("networks", ())}


def test_none_of_those_who_share_a_loopback_takes_it_away_when_it_is_restarted() -> None:
    """What holds it has no file, no secret and nothing to do."""
    assert SERVICES[PROXY]["network_mode"] == f"service:{FRONT}"
    assert not {"volumes", "secrets", "environment", "command"} & SERVICES[FRONT].keys()
    assert SERVICES[FRONT]["networks"] == ["edge", "accounts", "broker", "index", "objects"]


def test_only_callers_see_the_vaults_sockets_and_only_the_vault_makes_them() -> None:
    seen = {name: [v for v in SERVICES[name]["volumes"] if DOORS in v] for name in PROCESSES}
    assert seen.pop("vault") == [f"doors:{DOORS}"]
    assert {name for name, each in seen.items() if each} == {n for n, p in PROCESSES.items() if p.doors}
    assert all(each.endswith(":ro") for volumes in seen.values() for each in volumes)


def test_certificates_go_from_the_proxy_to_the_sign_in_and_to_nobody_else() -> None:
    folder = "/run/coffre-signin"
    told = {"COFFRE_CERTIFICATES_SOCKET": f"{folder}/certificates.sock"}
    found = compose(site(signin=told))
    seen = {n: [v for v in each.get("volumes", ()) if folder in v] for n, each in found["services"].items()}
    assert {name: volumes for name, volumes in seen.items() if volumes} == {
        "signin": [f"certificates:{folder}"],
        PROXY: [f"certificates:{folder}:ro"],
        OWNER: [f"certificates:{folder}"],
    }
    assert "certificates" in found["volumes"] and "certificates" not in FOUND["volumes"]


def test_files_of_the_machine_are_read_by_those_who_are_told_them() -> None:
    """The owner's commands are told all. A list that is fetched into the data directory is there already."""
    told = {
        "COFFRE_ORGANISATION_AUTHORITIES": "/etc/coffre/organisations.pem",
        "COFFRE_REVOCATION_LISTS": f"{DATA}/lists",
    }
    found = compose(site(signin=told, proxy={"COFFRE_PROXY_AUTHORITIES": "/etc/coffre/authorities.pem"}))
    seen = {n: [v for v in each.get("volumes", ()) if v[0] == "/"] for n, each in found["services"].items()}
    assert {name: volumes for name, volumes in seen.items() if volumes} == {
        "signin": ["/etc/coffre/organisations.pem:/etc/coffre/organisations.pem:ro"],
        PROXY: ["/etc/coffre/authorities.pem:/etc/coffre/authorities.pem:ro"],
        OWNER: [
            "/etc/coffre/authorities.pem:/etc/coffre/authorities.pem:ro",
            "/etc/coffre/organisations.pem:/etc/coffre/organisations.pem:ro",
        ],
    }


def test_files_that_an_address_names_are_read_by_those_who_are_told_it() -> None:
    told = {"COFFRE_SMS_URL": "https://sms.example/v1?sender=Coffre&token_file=/etc/coffre/sms.token"}
    mail = "smtps://mail.example?user=coffre&password_file=/etc/coffre/mail&authority=/etc/coffre/mail.pem"
    found = compose(site(signin=told, housekeeper={"COFFRE_NOTICES_URL": mail}))["services"]
    seen = {
        name: [v for v in each.get("volumes", ()) if v.startswith("/etc")] for name, each in found.items()
    }
    assert {*seen.pop(OWNER)} == {*seen["signin"], *seen["housekeeper"]}
    assert {name: volumes for name, volumes in seen.items() if volumes} == {
        "signin": ["/etc/coffre/sms.token:/etc/coffre/sms.token:ro"],
        "housekeeper": [
            "/etc/coffre/mail:/etc/coffre/mail:ro",
            "/etc/coffre/mail.pem:/etc/coffre/mail.pem:ro",
        ],
    }


def test_certificates_that_addresses_name_are_read_and_the_gateway_reads_no_password() -> None:
    mail = "smtps://mail.example?user=coffre&password_file=/etc/coffre/mail"
    root = "combined:transit:https://a:1/t/k?ca=/etc/a.pem+transit:https://b:1/t/k?ca=/etc/b.pem"
    found = compose(
        site(
            all={
                "COFFRE_OBJECTS_URL": "s3://coffre?region=eu-west-3&ca=/etc/s3.pem",
                "COFFRE_NOTICES_URL": mail,
                "COFFRE_NOTICES_FROM": "avis@coffre.example",
            },
            vault={
                "COFFRE_VAULT_ROOT": root,
                "COFFRE_SECOND_PLACE_URL": "minio://h/b?ca=/etc/2.pem",
                "COFFRE_VAULT_PIN_FILE": "/etc/pin",
                "AWS_CA_BUNDLE": "/etc/aws.pem",
            },
        )
    )["services"]
    seen = {name: {v.partition(":")[0] for v in found[name]["volumes"] if v[0] == "/"} for name in PROCESSES}
    assert seen["vault"] == {f"/etc/{name}" for name in ("a.pem", "b.pem", "2.pem", "pin", "aws.pem")}
    assert seen["worker"] == {"/etc/s3.pem"}
    assert seen["gateway"] == {"/etc/s3.pem"}
    assert seen["housekeeper"] == {"/etc/s3.pem", "/etc/coffre/mail"}


def test_the_certificate_of_the_root_beside_them_is_that_of_engines() -> None:
    told = {"COFFRE_VAULT_ROOT": f"transit:https://root:8200/transit/k?ca={ROOT_CERTIFICATE}"}
    found = compose(site(vault=told))["services"]["vault"]["volumes"]
    assert not [each for each in found if ROOT_CERTIFICATE in each]
    (mounted,) = ENGINES_FOUND["services"]["vault"]["volumes"]
    assert mounted.endswith(f":{ROOT_CERTIFICATE}:ro")


_VARIABLE = re.compile(r"\$(\$|\{[^}]*\}|[A-Za-z_][A-Za-z0-9_]*)")


def interpolated(text: str, home: str = "/root") -> str:
    """As compose reads a value: $$ is $, $NAME and ${NAME} are variables."""
    return _VARIABLE.sub(lambda found: "$" if found[1] == "$" else home, text)


def test_a_value_is_not_taken_for_a_variable() -> None:
    value = "https://gateway.example/v1?sender=Coffre&token_file=/etc/t&user=$HOME$$y${HOME}$"
    told = {"COFFRE_SMS_URL": value}
    found = compose(site(signin=told))["services"]
    for service in ("signin", OWNER):
        assert interpolated(found[service]["environment"]["COFFRE_SMS_URL"]) == value
    assert interpolated("a$HOME") == "a/root", "else this test means nothing"


def test_each_setting_that_names_a_file_is_there_in_its_container() -> None:
    """But the data directory, a volume; a socket; what is a secret; and what the owner gives `init`."""
    paths = {
        f"COFFRE_{name.upper()}"
        for name, each in Settings.model_fields.items()
        if "Path" in str(each.annotation)
    }
    elsewhere = {"DATA", "CERTIFICATES_SOCKET", "PROXY_CERTIFICATE", "PROXY_KEY", "AUTHORITY_PUBLIC"}
    assert paths - {f"COFFRE_{name}" for name in elsewhere} == {*FILES} - {"AWS_CA_BUNDLE"}


def test_users_of_the_image_are_those_of_the_table() -> None:
    text = (ROOT / "deploy/container/passwd").read_text()
    users = dict(re.findall(r"^(coffre-\w+):x:(\d+):", text, re.M))
    assert users == {user_of(process): str(number_of(process)) for process in PROCESSES}
    groups = (ROOT / "deploy/container/group").read_text()
    members = re.findall(rf"^coffre-callers:x:{number_of(CALLERS)}:(.*)$", groups, re.M)
    assert members == [",".join(user_of(name) for name, part in PROCESSES.items() if part.doors)]


def test_the_image_ends_without_root_and_without_a_shell() -> None:
    text = (ROOT / "deploy/container/Containerfile").read_text()
    last = text.rpartition("\nFROM ")[2]
    assert "\nUSER 60801:60801\n" in last
    assert "\nRUN " not in last
    assert "--require-hashes" in text
    (run,) = re.findall(r"^run=(\S+)$", (ROOT / "deploy/container/bases.sh").read_text(), re.M)
    assert not {"dash", "bash", "busybox", "coreutils", "apt"} & set(run.split(","))


def test_whoever_reads_certificates_of_clients_is_told_which_proxies_to_believe() -> None:
    """Who answers HTTP: one that is not told takes the header away, and refuses the credential."""
    for process, each in PROCESSES.items():
        assert ("COFFRE_CERTIFICATE_PROXIES" in settings_of(process)) is (each.port is not None)


# Engines beside them


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_is_reached_by_those_who_ask_it_and_its_secret_is_a_file(name: str) -> None:
    found = ENGINES_FOUND["services"][name]
    assert found["networks"] == [name] and name in ASKS
    assert "ports" not in found and "environment" not in found
    files = {each["source"]: each["target"] for each in found.get("secrets", [])}
    assert files == {f"{name}_engine": "engine"}
    assert "healthcheck" in found


def test_a_process_waits_for_the_engines_that_it_asks() -> None:
    for process in PROCESSES:
        assert ENGINES_FOUND["services"][process]["depends_on"].keys() >= {*networks_of(process)}


def test_passwords_are_drawn_once_and_told_to_those_who_need_them(tmp_path: Path) -> None:
    write(tmp_path, "coffre-objects")
    files = [each for each in tmp_path.rglob("*") if each.is_file()]
    texts = {str(each.relative_to(tmp_path)): each.read_text() for each in files}
    broker = texts["secrets/engines/broker"]
    assert {name for name, text in texts.items() if broker in text} == {
        "secrets/engines/broker",
        *(f"secrets/{name}.env" for name in (*SETTINGS["COFFRE_QUEUE_URL"].told, OWNER)),
    }
    for engine in ("index", "keys", "accounts"):
        password = texts[f"secrets/engines/{engine}"]
        told = {name for name, text in texts.items() if password in text}
        assert told == {f"secrets/engines/{engine}", f"roles/{OWNER}.env"}
    identities = json.loads(texts["secrets/engines/objects"])["identities"]
    rights = {each["name"]: each["actions"] for each in identities}
    assert rights["reader"] == ["Read:coffre-objects"]
    assert all(each.stat().st_mode & 0o077 == 0 for each in files)
    (tmp_path / f"roles/{OWNER}.env").rename(tmp_path / "kept")  # as if the run had been cut off
    write(tmp_path, "coffre-objects")
    with pytest.raises(Conflict) as refused:
        write(tmp_path, "coffre-objects")
    assert refused.value.code == "passwords_drawn"
