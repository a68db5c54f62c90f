"""The list of hosts that targets may lead to."""

import pytest

from credit_sanction_connectors.hosts import host_allowed, host_entry_fault, hosts_of

LIST = ("credit.example", "*.bank.example", "10.0.0.7", "2001:db8::7", "xn--fiqs8s.example", "*.gov.example.")


@pytest.mark.parametrize(
    "host",
    [
        "credit.example",
        "CREDIT.Example",
        "credit.example.",
        "one.bank.example",
        "deep.one.bank.example",
        "One.Bank.Example.",
        "10.0.0.7",
        "2001:db8::7",
        "2001:DB8:0:0:0:0:0:7",
        "[2001:db8::7]",
        "XN--fiqs8s.example",
        "a.gov.example",
        "localhost",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
    ],
)
def test_these_hosts_are_on_the_list(host: str) -> None:
    assert host_allowed(host, LIST)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "other.example",
        "bank.example",
        ".bank.example",
        "evilbank.example",
        "one.bank.example.evil.example",
        "a.credit.example",
        "credit.example..",
        "10.0.0.8",
        "10.0.0.7.example",
        "167772167",
        "::ffff:10.0.0.7",
        "2001:db8::8",
        "中国.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "2130706433",
    ],
)
def test_these_hosts_are_not(host: str) -> None:
    assert not host_allowed(host, LIST)


def test_an_empty_list_leaves_this_machine() -> None:
    assert host_allowed("127.0.0.1", ())
    assert not host_allowed("credit.example", ())


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "*",
        "*.",
        "*.cn",
        "a.*.example",
        "**.example",
        "*example",
        "https://credit.example",
        "credit.example:443",
        "credit.example/api",
        "user@credit.example",
        "credit example",
        "credit..example",
        "中国.example",
        "10.0.0",
        "10.0.0.256",
        "0x7f.0x1",
        "*.10.0.0.7",
        "10.0.0.0/8",
        "a" * 64 + ".example",
    ],
)
def test_a_faulty_entry_says_what_is_expected_and_allows_nothing(entry: str) -> None:
    assert "; expected" in host_entry_fault(entry)
    assert not host_allowed(entry, [entry])
    assert not host_allowed("credit.example", [entry])


def test_the_good_entries_have_no_fault() -> None:
    assert [host_entry_fault(entry) for entry in (*LIST, "[2001:db8::7]", "localhost", "under_score.example")] == [
        ""
    ] * 9


def test_the_hosts_of_a_table_by_key() -> None:
    table = {"url": "https://A.example:8443/x", "page_url": "http://[2001:db8::7]/", "secret_file": "s", "curl": "x"}
    assert hosts_of(table) == {"url": "a.example", "page_url": "2001:db8::7"}
    assert hosts_of({"out_dir": "/a", "url": 7}) == {}
