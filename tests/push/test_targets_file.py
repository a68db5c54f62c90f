"""The targets file: what it gives, and the one sentence that each mistake gets."""

from pathlib import Path

import pytest

from credit_sanction_service.domain.terms import Area, Sector, Standard
from credit_sanction_service.push.keys import BadTargetsFile
from credit_sanction_service.push.policy import Jitter, Policy
from credit_sanction_service.push.targets_file import TargetsFile, load
from credit_sanction_service.store.report_retention import Retention

ENVIRON = {"TOKEN": "a-made-up-token", "LENDER": "whsec_" + "QUFB" * 8}
HOSTS = 'allowed_hosts = ["credit.example.invalid", "*.lenders.example.invalid"]\n'
PLAIN = """
[[target]]
name = "city-website"
kind = "city-website"
url = "https://credit.example.invalid/api"
secret_env = "TOKEN"
"""
FULL = """
filter = { areas = ["FINANCING_CREDIT"], districts = ["220102"], sectors = ["STEEL"], standards = ["ENERGY"] }
concurrency = 3
timeout_s = 2
lease_s = 7.5
horizon_s = 11
rate_per_s = 20
retry.schedule = [1, 2.5]
retry.jitter = "equal"
retry.retry_after_max_s = 60
retry.give_up_s = 90
retry.transient = ["400"]
retry.permanent = ["404", "99"]
breaker = { failures = 4, open_s = 3 }
reconcile_s = 0
list_timeout_s = 9
reports = { last = 7, days = 90 }
retired = "withdraw"
"""
LENDER = """
[[target]]
name = "lender"
kind = "lender-webhook"
url = "https://one.lenders.example.invalid/hook"
secret_env = "LENDER"
holds = "enterprise"
"""


def read(directory: Path, text: str, *, hosts: str = HOSTS) -> TargetsFile:
    path = directory / "targets.toml"
    path.write_text(hosts + text, "utf-8")
    return load(path, environ=ENVIRON)


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    (target,) = read(tmp_path, PLAIN).targets
    assert (target.name, target.kind, target.holds, target.offers_list) == (
        "city-website",
        "city-website",
        "record",
        True,
    )
    assert (target.concurrency, target.timeout_s, target.lease_s, target.rate_per_s) == (8, 10, 30, None)
    assert target.filter.public
    assert target.filter.areas is None
    assert target.policy == Policy()


def test_everything_can_be_said(tmp_path: Path) -> None:
    (target,) = read(tmp_path, PLAIN + FULL).targets
    filter_ = target.filter
    assert filter_.areas == frozenset({Area.FINANCING_CREDIT})
    assert filter_.districts == frozenset({"220102"})
    assert filter_.sectors == frozenset({Sector.STEEL})
    assert filter_.standards == frozenset({Standard.ENERGY})
    assert (target.concurrency, target.timeout_s, target.lease_s, target.rate_per_s) == (3, 2, 7.5, 20)
    assert target.policy == Policy(
        schedule=(1, 2.5),
        jitter=Jitter.EQUAL,
        retry_after_max_s=60,
        transient=frozenset({"400"}),
        permanent=frozenset({"404", "99"}),
        give_up_s=90,
        horizon_s=11,
    )
    assert (target.breaker_failures, target.breaker_open_s) == (4, 3)
    assert (target.reconcile_s, target.list_timeout_s, target.retired) == (0, 9, "withdraw")
    assert target.retention == Retention(last=7, days=90)


def test_the_store_and_the_worker_are_given_the_same_targets(tmp_path: Path) -> None:
    file = read(tmp_path, PLAIN + LENDER)
    assert [(t.name, t.kind, t.holds, t.filter.public, t.retired) for t in file.store_targets()] == [
        ("city-website", "city-website", "record", True, None),
        ("lender", "lender-webhook", "enterprise", False, None),
    ]
    assert [t.digest for t in file.store_targets()] == [t.digest for t in file.targets]
    assert sorted(file.build_connectors()) == ["city-website", "lender"]


def test_an_abandoned_target_gets_no_connector(tmp_path: Path) -> None:
    assert read(tmp_path, PLAIN + 'retired = "abandon"').build_connectors() == {}


def test_the_digest_tells_settings_apart_and_not_their_order(tmp_path: Path) -> None:
    def digest(text: str) -> str:
        return read(tmp_path, text).targets[0].digest

    plain = digest(PLAIN)
    assert digest(PLAIN + "concurrency = 9") != plain
    assert digest(PLAIN + 'filter = { districts = ["220102"] }') != plain
    assert digest(PLAIN + 'retired = "withdraw"') == plain
    one, other = 'filter = { districts = ["220102", "220103"] }', 'filter = { districts = ["220103", "220102"] }'
    assert digest(PLAIN + one) == digest(PLAIN + other)


def test_no_secret_is_in_what_is_kept(tmp_path: Path) -> None:
    assert ENVIRON["TOKEN"] not in str(read(tmp_path, PLAIN).tables)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PLAIN.replace("url", "urll"), "target 'city-website': unknown key 'urll'"),
        (
            PLAIN.replace('secret_env = "TOKEN"', 'secret_env = "NONE"'),
            "target 'city-website': 'secret_env' the environment",
        ),
        (PLAIN.replace("https", "http"), "target 'city-website': 'url' is plain http"),
        (
            PLAIN.replace('kind = "city-website"', 'kind = "fax"'),
            "target 'city-website': 'kind' is 'fax'; expected one of",
        ),
        (PLAIN.replace('kind = "city-website"', ""), "target 'city-website': 'kind' is missing"),
        (PLAIN.replace('name = "city-website"', ""), "target 1: 'name' is missing"),
        (PLAIN.replace('name = "city-website"', 'name = "City"'), "target 'City': 'name' must be 1 to 63"),
        (PLAIN.replace('name = "city-website"', "name = 3"), "target 3: 'name' must be a text"),
        (PLAIN + PLAIN, "target 'city-website': 'name' stands twice"),
        (
            PLAIN + "timeout_s = 10\nlease_s = 10",
            "target 'city-website': 'lease_s' is 10; it must be longer than timeout_s",
        ),
        (PLAIN + "timeout_s = true", "target 'city-website': 'timeout_s' must be a number"),
        (PLAIN + "timeout_s = nan", "target 'city-website': 'timeout_s' must be a number"),
        (PLAIN + "timeout_s = 9999", "target 'city-website': 'timeout_s' is 9999; expected 0.1 to 600"),
        (PLAIN + "concurrency = 1.5", "target 'city-website': 'concurrency' must be a whole number"),
        (PLAIN + "retry = { schedule = [] }", "retry: 'schedule' must be a list of numbers with at least one"),
        (PLAIN + "retry = { schedule = [1, -1] }", "retry: 'schedule[1]' is -1; expected 0.01 to 2,592,000"),
        (PLAIN + "retry = { scedule = [1] }", "target 'city-website': retry: unknown key 'scedule'"),
        (
            PLAIN + 'retry = { jitter = "some" }',
            "target 'city-website': retry: 'jitter' is 'some'; expected one of full",
        ),
        (PLAIN + "retry = { transient = [400] }", "target 'city-website': retry: 'transient' must be a list of texts"),
        (
            PLAIN + 'retry = { permanent = ["4 0"] }',
            "target 'city-website': retry: 'permanent' names '4 0'; expected statuses",
        ),
        (
            PLAIN + 'retry = { transient = ["98"], permanent = ["98"] }',
            "target 'city-website': retry: 'permanent' names '98' too",
        ),
        (PLAIN + "retry = { give_up_s = -1 }", "target 'city-website': retry: 'give_up_s' is -1; expected 0 to"),
        (PLAIN + "reports = { last = 0 }", "target 'city-website': reports: 'last' is 0; expected 1 to 100,000"),
        (PLAIN + "breaker = 3", "target 'city-website': 'breaker' must be a table"),
        (PLAIN + 'filter = { areas = ["LOANS"] }', "target 'city-website': filter: 'areas' names 'LOANS'; expected of"),
        (PLAIN + "filter = { areas = [] }", "target 'city-website': filter: 'areas' must be a list of texts"),
        (PLAIN + 'filter = { districts = ["南关"] }', "target 'city-website': filter: 'districts' names '南关'"),
        (PLAIN + "filter = { public = true }", "target 'city-website': filter: unknown key 'public'"),
        (PLAIN + 'retired = "gone"', "target 'city-website': 'retired' is 'gone'; expected one of withdraw, abandon"),
        ("[target]\n", "'target' must be written as [[target]]"),
        ("targets = 1\n", "unknown key 'targets'; expected allowed_hosts or [[target]]"),
        (
            PLAIN.replace("credit.example", "credit2.example"),
            "target 'city-website': 'url' leads to the host 'credit2.example.invalid', which is not in allowed_hosts",
        ),
        ("[[target]\n", "is not TOML in UTF-8"),
    ],
)
def test_a_mistake_gets_one_sentence_that_names_its_key(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(BadTargetsFile) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith("targets.toml")
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("hosts", "sentence"),
    [
        ("", "target 'city-website': 'url' leads to the host 'credit.example.invalid', which is not in allowed_hosts"),
        ('allowed_hosts = "credit.example.invalid"\n', "'allowed_hosts' must be a list of texts"),
        (
            'allowed_hosts = ["https://credit.example.invalid"]\n',
            "'allowed_hosts': 'https://credit.example.invalid' is no host",
        ),
    ],
)
def test_an_address_leads_only_where_the_file_allows_it(tmp_path: Path, hosts: str, sentence: str) -> None:
    with pytest.raises(BadTargetsFile, match="targets") as refused:
        read(tmp_path, PLAIN, hosts=hosts)
    assert sentence in str(refused.value)
    here = PLAIN.replace("https://credit.example.invalid", "http://127.0.0.1:80")
    assert read(tmp_path, here, hosts="").targets


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadTargetsFile, match="cannot be read"):
        load(tmp_path / "targets.toml")
