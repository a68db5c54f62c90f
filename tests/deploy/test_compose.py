"""The compose file is well-formed, starts every process, and shows no password to anybody."""

import os
import re
import subprocess
from pathlib import Path
from typing import TypedDict

import pytest
import yaml
from tests.house.project import ROOT

DEPLOY = ROOT / "deploy"
# Given by the PostgreSQL image, or read by its client library.
NOT_OURS = {"PGPASSWORD_FILE"}


class Process(TypedDict, total=False):
    command: list[str]
    environment: dict[str, str]
    secrets: list[str]
    user: str
    depends_on: dict[str, dict[str, str]]


class Compose(TypedDict):
    services: dict[str, Process]
    secrets: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def compose() -> Compose:
    loaded: Compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("process", ["migrate", "api", "worker", "stand-ins"])
def test_every_process_is_started_by_its_own_command(compose: Compose, process: str) -> None:
    service = compose["services"][process]
    assert service["command"] == ["credit-sanction-service", process]
    assert all(name.startswith("CREDIT_SANCTION_") for name in service["environment"].keys() - NOT_OURS)


def test_only_migrate_is_the_owner_of_the_tables(compose: Compose) -> None:
    owners = {name for name, service in compose["services"].items() if "owner_password" in service.get("secrets", [])}
    assert owners == {"migrate", "postgres"}
    assert "CREDIT_SANCTION_OWNER_DSN" not in compose["services"]["api"]["environment"]


def test_passwords_come_from_secrets_files(compose: Compose) -> None:
    used = {secret for service in compose["services"].values() for secret in service.get("secrets", [])}
    assert used == compose["secrets"].keys()
    assert all(secret["file"].startswith("./secrets/") for secret in compose["secrets"].values())
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            assert name.endswith("_FILE") or not re.search("password", f"{name}={value}", re.IGNORECASE)


def test_every_file_that_the_compose_file_mounts_exists(compose: Compose) -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    mounted = re.findall(r"^ +- \./([^:]+):", text, re.MULTILINE)
    assert mounted == ["postgres/roles.sql"]
    assert all((DEPLOY / name).is_file() for name in mounted)
    assert "postgres" in compose["services"]


def test_the_entrypoint_hands_the_password_over_and_becomes_the_process(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("made-up\n", encoding="utf-8")
    ran = subprocess.run(
        [
            str(DEPLOY / "entrypoint.sh"),
            "/bin/sh",
            "-c",
            'echo "$PGPASSWORD ${PGPASSWORD_FILE-gone}"; exit 3',
        ],
        env={"PATH": os.environ["PATH"], "PGPASSWORD_FILE": str(secret)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ran.stdout, ran.returncode) == ("made-up gone\n", 3)
