"""What a target's table is refused for: always by its key, always before anything is called."""

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.connectors.rig import now

from credit_sanction_connectors.lender_webhook import LenderWebhookSettings
from credit_sanction_connectors.platform_settings import CreditPlatformSettings
from credit_sanction_connectors.port import Connector
from credit_sanction_connectors.registry import build
from credit_sanction_connectors.settings import BadTarget, Secrets
from credit_sanction_connectors.standins.dialect import StandIn
from credit_sanction_connectors.standins.kinds import DIALECTS


@pytest.fixture
def kind(http_kind: str) -> str:
    return http_kind


def table(kind: str, **keys: object) -> dict[str, object]:
    stand_in = StandIn(name="a", kind=kind, secret=DIALECTS[kind].new_secret())
    good = {"url": "https://target.example/api", "secret_env": "SECRET"}
    merged = {**good, **DIALECTS[kind](stand_in, now).connector_keys, **keys}
    return {key: value for key, value in merged.items() if value is not None}


def built(kind: str, values: Mapping[str, object], *, directory: Path = Path(), **environ: str) -> Connector:
    secrets = Secrets(directory=directory, environ={"SECRET": DIALECTS[kind].new_secret(), **environ})
    return build("city", kind, values, secrets=secrets, now=now)


def refusal(kind: str, values: Mapping[str, object], *, directory: Path = Path(), **environ: str) -> str:
    with pytest.raises(BadTarget) as refused:
        built(kind, values, directory=directory, **environ)
    return str(refused.value)


def test_a_good_table_builds_without_a_loop_or_a_call(kind: str) -> None:
    assert built(kind, table(kind)).holds == "record"


def test_an_unknown_kind_names_the_kinds() -> None:
    with pytest.raises(BadTarget, match=r"^targets\.city\.kind: is 'fax'; expected one of city-website, credit-"):
        build("city", "fax", {}, secrets=Secrets(), now=now)


def test_an_unknown_key_is_named(kind: str) -> None:
    assert refusal(kind, table(kind, ulr="x")).startswith("targets.city.ulr: unknown key; expected one of ")


@pytest.mark.parametrize("key", ["secret", "token", "password", "bearer", "previous_secret"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(kind: str, key: str) -> None:
    text = refusal(kind, table(kind, **{key: "hunter2"}))
    assert text.startswith(f"targets.city.{key}: a secret never stands in this file")
    assert "hunter2" not in text


def test_a_missing_key_is_named(kind: str) -> None:
    assert refusal(kind, table(kind, url=None)) == "targets.city.url: missing; expected text"
    for key in DIALECTS[kind](StandIn(name="a", kind=kind, secret=DIALECTS[kind].new_secret()), now).connector_keys:
        assert refusal(kind, table(kind, **{key: None})) == f"targets.city.{key}: missing; expected text"


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("url", 5, "is a number; expected text"),
        ("url", True, "is true or false; expected text"),
        ("url", ["https://a"], "is a list or table; expected text"),
        ("secret_env", {}, "is a list or table; expected text"),
        ("allow_plain_http", "yes", "is text; expected true or false"),
        ("allow_plain_http", 1, "is a number; expected true or false"),
    ],
)
def test_a_wrong_type_is_named(kind: str, key: str, value: object, fault: str) -> None:
    assert refusal(kind, table(kind, **{key: value})) == f"targets.city.{key}: {fault}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "target.example",
        "ftp://target.example",
        "file:///etc/passwd",
        "https://",
        "https:///api",
        "https://:443/",
        "https://target.example:0/",
        "https://target.example:99999/",
        "https://target.example:x/",
        "https://[::1/",
        "https://target..example/",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 130}example/",
        "https://user:word@target.example/",
        "https://@target.example/",
        "https://target.example/?a=1",
        "https://target.example/#a",
        "https://target.example/a/../b",
        "https://target.example/a b",
        "https://target.example/a\nHost: evil",
        "https://target.example\\@evil.example/",
        "https://target.example\\evil.example/",
        "https://信用长春.example/",
        "http://target.example/",
        "http://10.0.0.1/",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "http://2130706433/",
    ],
)
def test_a_bad_address_is_refused(kind: str, url: str) -> None:
    assert refusal(kind, table(kind, url=url)).startswith("targets.city.url: ")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/a", "http://127.9.9.9", "http://[::1]:80/", "http://localhost/a"]
)
def test_plain_http_may_stay_on_this_machine(kind: str, url: str) -> None:
    built(kind, table(kind, url=url))


def test_plain_http_elsewhere_wants_to_be_said(kind: str) -> None:
    built(kind, table(kind, url="http://10.0.0.1/api", allow_plain_http=True))


def test_a_secret_file_is_found_beside_the_targets_file(kind: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(DIALECTS[kind].new_secret() + "\n")
    built(kind, table(kind, secret_env=None, secret_file="secret"), directory=tmp_path)


@pytest.mark.parametrize("content", [b"", b" \n", b"two\nlines", b"nul\0", b"\xff", "秘密".encode(), b"x" * 5000])
def test_an_unusable_secret_is_named_and_not_repeated(kind: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content)
    text = refusal(kind, table(kind, secret_env=None, secret_file="secret"), directory=tmp_path)
    assert text.startswith("targets.city.secret_file: ")
    assert "two" not in text
    assert "xxx" not in text


def test_a_missing_secret_is_named(kind: str, tmp_path: Path) -> None:
    missing = table(kind, secret_env=None)
    assert refusal(kind, missing).startswith("targets.city.secret_file: missing; expected secret_file = ")
    assert refusal(kind, table(kind, secret_env="NO_SUCH")).startswith(
        "targets.city.secret_env: the environment has no"
    )
    assert refusal(kind, table(kind, secret_env="EMPTY"), EMPTY="").startswith(
        "targets.city.secret_env: what it refers"
    )
    for path in ("absent", "", "nul\0"):
        text = refusal(kind, {**missing, "secret_file": path}, directory=tmp_path)
        assert text.startswith("targets.city.secret_file: ")
    both = refusal(kind, table(kind, secret_file="secret"))
    assert both == "targets.city.secret_env: stands beside secret_file; expected only one of them"


@pytest.mark.parametrize("key", [23, 65])
def test_a_webhook_secret_is_whsec_and_24_to_64_bytes(key: int) -> None:
    for secret in ("whsec_" + base64.b64encode(bytes(key)).decode(), "a" * 40, "whsec_###", "whsec_AAA"):
        text = refusal("lender-webhook", table("lender-webhook"), SECRET=secret)
        assert text.startswith("targets.city.secret_env: expected the secret as whsec_ and base64 of 24 to 64")
        assert secret not in text


def test_a_previous_secret_is_a_secret_and_another_one() -> None:
    old = DIALECTS["lender-webhook"].new_secret()
    changing = table("lender-webhook", previous_secret_env="OLD")
    built("lender-webhook", changing, OLD=old)
    faults = {"whsec_AAA": "expected the secret as whsec_", "": "what it refers to is no secret"}
    for secret, fault in faults.items():
        assert refusal("lender-webhook", changing, OLD=secret).startswith(f"targets.city.previous_secret_env: {fault}")
    text = refusal("lender-webhook", changing, OLD=old, SECRET=old)
    assert text == "targets.city.previous_secret_env: refers to the secret itself; expected the one before it"
    both = table("lender-webhook", previous_secret_env="OLD", previous_secret_file="old")
    assert refusal("lender-webhook", both, OLD=old).startswith(
        "targets.city.previous_secret_env: stands beside previous_s"
    )
    assert refusal("city-website", table("city-website", previous_secret_env="OLD")).startswith(
        "targets.city.previous_secret_env: unknown key"
    )


def test_a_bearer_token_is_referred_to_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("made-up-token\n")
    for key, value in (("bearer_file", "token"), ("bearer_env", "TOKEN")):
        keys = table("lender-webhook", **{key: value})
        secrets = Secrets(
            directory=tmp_path, environ={"SECRET": DIALECTS["lender-webhook"].new_secret(), "TOKEN": "t-o"}
        )
        settings = LenderWebhookSettings.from_table("city", keys, secrets)
        assert settings.endpoint.bearer in {"made-up-token", "t-o"}
        assert settings.endpoint.bearer not in repr(settings)
        assert settings.endpoint.anonymous().bearer == ""
        assert refusal("city-website", table("city-website", **{key: value}), directory=tmp_path) == (
            f"targets.city.{key}: this kind's secret is its bearer token; expected secret_file or secret_env alone"
        )
    text = refusal("credit-platform", table("credit-platform", bearer_env="NO_SUCH"))
    assert text == "targets.city.bearer_env: the environment has no NO_SUCH; expected it to hold the secret"


def test_a_lender_may_hold_enterprises_only() -> None:
    assert built("lender-webhook", table("lender-webhook", holds="enterprise")).holds == "enterprise"
    text = refusal("lender-webhook", table("lender-webhook", holds="line"))
    assert text == "targets.city.holds: is 'line'; expected one of enterprise, record"


def test_a_secret_is_not_shown() -> None:
    secrets = Secrets(directory=Path(), environ={"SECRET": "whsec_" + base64.b64encode(b"k" * 24).decode()})
    platform = CreditPlatformSettings.from_table("p", table("credit-platform"), secrets)
    lender = LenderWebhookSettings.from_table("l", table("lender-webhook"), secrets)
    assert "whsec_" not in f"{platform!r} {lender!r} {secrets!r}"
    assert "kkk" not in f"{lender!r}"


def test_only_a_website_is_public(kind: str) -> None:
    assert built(kind, table(kind)).public is (kind == "city-website")
