"""`token` finds the running service by itself, and takes no name, authority or district that is none."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.services import start, stop

from credit_sanction import Client, PermissionDenied
from credit_sanction.__main__ import main
from credit_sanction_service.config import PREFIX

if TYPE_CHECKING:
    from pathlib import Path

DISTRICT = ["issue", "nanguan", "--role", "authority"]


def token(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return subprocess.run(
        [sys.executable, "-m", "credit_sanction_service", "token", *arguments],
        env={**plain, **settings},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_caller_of_the_running_service_is_given_a_token_by_its_data_directory(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = data_dir / "data"
    service = start(data)
    try:
        told = data / "run" / "service.dsn"
        assert stat.S_IMODE(told.stat().st_mode) == 0o600
        assert f"token issue NAME --role bank --data-dir {data}" in "\n".join(service.lines)
        issued = token("issue", "changchun-bank", "--role", "bank", "--data-dir", str(data))
        assert (issued.returncode, issued.stderr) == (0, "")
        with Client(service.address, token=issued.stdout) as client, pytest.raises(PermissionDenied):
            client.check("91220181FAKE01534L", areas=["LAND"])
        own = data_dir / "bank.token"
        own.write_text(issued.stdout, "utf-8")
        assert main(["check", "91220181FAKE01534L", "--address", service.address, "--token-file", str(own)]) == 0
        assert "no measure in force in FINANCING_CREDIT, BOND_ISSUANCE on" in capsys.readouterr().out
        withdrawn = token("withdraw", "changchun-bank", CREDIT_SANCTION_DATA_DIR=str(data))
        assert (withdrawn.returncode, withdrawn.stdout) == (0, "1 withdrawn\n")
    finally:
        assert stop(service) == 0
    assert not told.exists()
    after = token("issue", "changchun-bank", "--role", "bank", "--data-dir", str(data))
    assert after.returncode == 2
    assert "--data-dir" in after.stderr
    assert "CREDIT_SANCTION_DSN" in after.stderr
    assert len(after.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["issue", "", "--role", "bank"], "name is empty"),
        (["issue", "  ", "--role", "bank"], "name is empty"),
        (["issue", "x" * 65, "--role", "bank"], "65 characters long: give one of at most 64"),
        (["issue", "bank\nadministrator", "--role", "bank"], r"'bank\nadministrator' has"),
        (["issue", "bank\u202eknab", "--role", "bank"], r"\u202e"),
        (["issue", " bank", "--role", "bank"], "blanks around it"),
        (
            ["issue", "bank 990000190001010294", "--role", "bank"],
            "holds a citizen's identity number 公民身份号码: give",
        ),
        ([*DISTRICT, "--authority", "11220100FAKEA0018"], "--authority '11220100FAKEA0018' is no unified social"),
        ([*DISTRICT, "--district", "22010"], "--district '22010' is no division code"),
        ([*DISTRICT, "--district", "２２０１０２"], "is no division code"),
    ],
)
def test_what_no_caller_can_be_is_refused_in_one_sentence(arguments: list[str], said: str) -> None:
    refused = token(*arguments, CREDIT_SANCTION_DSN="host=/nowhere dbname=x")
    assert refused.returncode == 2
    assert said in refused.stderr
    assert (refused.stdout, len(refused.stderr.splitlines())) == ("", 1)
