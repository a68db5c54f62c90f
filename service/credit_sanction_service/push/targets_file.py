"""
The targets file: TOML, one `[[target]]` for each.

    allowed_hosts = ["credit.example.invalid", "*.bank.example.invalid"]    # where an address may lead; this machine needs none

    [[target]]
    name = "city-website"            # lower-case letters, digits, hyphens; part of resource names, never reused
    kind = "city-website"            # a connector of the registry; its own keys (url, secret_file, …) stand beside
    url = "https://credit.example.invalid/api"
    secret_file = "city-website.token"
    filter = { areas = ["FINANCING_CREDIT"], districts = ["220102"], sectors = ["STEEL"], standards = ["ENERGY"] }
    concurrency = 8                  # requests at once
    timeout_s = 10                   # of one request in all
    lease_s = 30                     # of one attempt; longer than timeout_s
    horizon_s = 60                   # how long after it was given up a request may still arrive
    rate_per_s = 20                  # requests begun in a second; not there: as fast as they are answered
    retry = { schedule = [1, 5, 30, 120, 600], jitter = "full", retry_after_max_s = 3600, give_up_s = 0,
              transient = ["400"], permanent = ["404"] }
    breaker = { failures = 5, open_s = 10 }
    reconcile_s = 3600               # how often the target's own list is read; 0: never
    list_timeout_s = 60              # of reading it
    reports = { last = 500, days = 1830 }   # which of the comparisons' reports are kept
    retired = "withdraw"             # or "abandon": what becomes of its listings when it goes
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from credit_sanction_connectors.hosts import host_allowed, host_entry_fault, hosts_of
from credit_sanction_connectors.mapping_tables import tables_digest
from credit_sanction_connectors.registry import KINDS, build
from credit_sanction_connectors.settings import BadTarget, Secrets
from credit_sanction_service.domain.effect import Filter
from credit_sanction_service.domain.terms import Area, Sector, Standard
from credit_sanction_service.push.keys import BadTargetsFile, Keys
from credit_sanction_service.push.policy import DEFAULT_SCHEDULE, Jitter, Policy
from credit_sanction_service.push.settings import LEAST_SLACK_S, TargetSettings, with_connector
from credit_sanction_service.store.codec import dump_filter
from credit_sanction_service.store.report_retention import Retention

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from credit_sanction_connectors.port import Connector
    from credit_sanction_service.store.values import Target

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_DAY_S: Final = 86_400.0


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetsFile:
    """The file, read and checked. `tables` are the connectors' own keys; no secret is kept."""

    targets: tuple[TargetSettings, ...]
    tables: Mapping[str, Mapping[str, object]]
    secrets: Secrets

    def store_targets(self) -> list[Target]:
        """Return the targets as the store keeps them."""
        return [target.stored() for target in self.targets]

    def build_connectors(self, *, now: Callable[[], datetime] = _now) -> dict[str, Connector]:
        """Return a connector for every target that is not abandoned; secrets are read anew. Raises `BadTarget`."""
        return {
            target.name: build(target.name, target.kind, self.tables[target.name], secrets=self.secrets, now=now)
            for target in self.targets
            if target.retired != "abandon"
        }


def load(path: Path, *, environ: Mapping[str, str] | None = None) -> TargetsFile:
    """
    Read the file. References to secrets lead to files beside it, and to `environ` (the process's own by default).

    Raises `BadTargetsFile`.
    """
    secrets = Secrets(directory=path.parent, environ=os.environ if environ is None else environ)
    targets: list[TargetSettings] = []
    tables: dict[str, dict[str, object]] = {}
    hosts, written = _content(path)
    for place, table in enumerate(written, 1):
        keys = Keys(f"{path.name}: target {table.get('name', place)!r}", table)
        name = keys.text("name")
        if not _NAME.fullmatch(name):
            raise keys.bad("'name' must be 1 to 63 lower-case letters, digits and hyphens, no hyphen at its ends")
        if name in tables:
            raise keys.bad("'name' stands twice in the file")
        target, tables[name] = _target(name, keys, secrets)
        for key, host in hosts_of(tables[name]).items():
            if not host_allowed(host, hosts):
                raise keys.bad(
                    f"{key!r} leads to the host {host!r}, which is not in allowed_hosts at the top of the file; add it there, or"
                    " mend the address"
                )
        targets.append(target)
    return TargetsFile(targets=tuple(targets), tables=tables, secrets=secrets)


def _content(path: Path) -> tuple[frozenset[str], list[dict[str, object]]]:
    """Return the allowed hosts, and the targets' tables."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise BadTargetsFile(f"{path} cannot be read ({fault.strerror}): write the targets file there") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise BadTargetsFile(f"{path.name} is not TOML in UTF-8: {fault}") from None
    keys = Keys(path.name, content)
    tables = content.get("target", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise keys.bad("'target' must be written as [[target]]")
    for key in content:
        if key not in {"target", "allowed_hosts"}:
            raise keys.bad(f"unknown key {key!r}; expected allowed_hosts or [[target]]")
    hosts = keys.texts("allowed_hosts") or frozenset()
    for entry in sorted(hosts):
        if words := host_entry_fault(entry):
            raise keys.bad(f"'allowed_hosts': {entry!r} {words}")
    return hosts, tables


def _target(name: str, keys: Keys, secrets: Secrets) -> tuple[TargetSettings, dict[str, object]]:
    whole = keys.left()
    kind = keys.text("kind")
    if kind not in KINDS:
        raise keys.bad(f"'kind' is {kind!r}; expected one of {', '.join(sorted(KINDS))}")
    filter_ = _filter(keys.table("filter"))
    policy = _policy(keys)
    breaker = keys.table("breaker")
    breaker_failures = breaker.whole("failures", 5, least=1, most=1_000)
    breaker_open_s = breaker.number("open_s", 10.0, least=0.05, most=_DAY_S)
    breaker.stop_if_any_left()
    concurrency = keys.whole("concurrency", 8, least=1, most=256)
    timeout_s = keys.number("timeout_s", 10.0, least=0.1, most=600.0)
    lease_s = keys.number("lease_s", max(3 * timeout_s, timeout_s + LEAST_SLACK_S), least=1.0, most=3_600.0)
    if lease_s < timeout_s + LEAST_SLACK_S:
        raise keys.bad(
            f"'lease_s' is {lease_s:g}; it must be longer than timeout_s ({timeout_s:g}) by {LEAST_SLACK_S:g} s at least,"
            " else a request could outlive its lease"
        )
    rate_per_s = keys.number("rate_per_s", 0.0, least=0.0, most=100_000.0) or None
    reconcile_s = keys.number("reconcile_s", 3_600.0, least=0.0, most=30 * _DAY_S)
    list_timeout_s = keys.number("list_timeout_s", 60.0, least=0.1, most=3_600.0)
    retention = _retention(keys.table("reports"))
    retired = keys.choice("retired", ("withdraw", "abandon"))
    own = keys.left()
    connector = _connector(name, kind, own, secrets, keys)
    filter_ = with_connector(connector, filter_)
    target = TargetSettings(
        name=name,
        kind=kind,
        digest=_digest(whole, filter_),
        holds=connector.holds,
        filter=filter_,
        offers_list=connector.offers_list,
        tells_endings=connector.tells_endings,
        manner=_manner(own),
        retired=retired,
        concurrency=concurrency,
        timeout_s=timeout_s,
        lease_s=lease_s,
        rate_per_s=rate_per_s,
        breaker_failures=breaker_failures,
        breaker_open_s=breaker_open_s,
        list_timeout_s=list_timeout_s,
        reconcile_s=reconcile_s,
        retention=retention,
        policy=policy,
    )
    return target, own


def _filter(keys: Keys) -> Filter:
    districts = keys.texts("districts")
    filter_ = Filter(
        areas=keys.words("areas", Area),
        districts=districts,
        sectors=keys.words("sectors", Sector),
        standards=keys.words("standards", Standard),
    )
    keys.stop_if_any_left()
    for district in sorted(districts or ()):
        if not (len(district) == 6 and district.isascii() and district.isdigit()):  # noqa: PLR2004 - GB/T 2260
            raise keys.bad(f"'districts' names {district!r}; expected codes of six digits")
    return filter_


def _policy(keys: Keys) -> Policy:
    retry = keys.table("retry")
    transient, permanent = (_codes(retry, key) for key in ("transient", "permanent"))
    for code in sorted(transient & permanent):
        raise retry.bad(f"'permanent' names {code!r} too, as 'transient' does; expected it in one of them")
    policy = Policy(
        schedule=retry.numbers("schedule", DEFAULT_SCHEDULE, least=0.01, most=30 * _DAY_S),
        jitter=Jitter(retry.choice("jitter", tuple(Jitter)) or Jitter.FULL),
        retry_after_max_s=retry.number("retry_after_max_s", 3_600.0, least=0.0, most=_DAY_S),
        transient=transient,
        permanent=permanent,
        give_up_s=retry.number("give_up_s", 0.0, least=0.0, most=366 * _DAY_S),
        horizon_s=keys.number("horizon_s", 60.0, least=0.0, most=_DAY_S),
    )
    retry.stop_if_any_left()
    return policy


def _retention(reports: Keys) -> Retention:
    usual = Retention()
    retention = Retention(
        last=reports.whole("last", usual.last, least=1, most=100_000),
        days=reports.whole("days", usual.days, least=1, most=36_600),
    )
    reports.stop_if_any_left()
    return retention


def _codes(retry: Keys, key: str) -> frozenset[str]:
    codes = retry.texts(key) or frozenset()
    for code in sorted(codes):
        if not _CODE.fullmatch(code):
            raise retry.bad(f'{key!r} names {code!r}; expected statuses and codes such as "400" or "98"')
    return codes


def _connector(name: str, kind: str, own: Mapping[str, object], secrets: Secrets, keys: Keys) -> Connector:
    """Build the connector, which is how its keys are checked; nothing is called."""
    try:
        return build(name, kind, own, secrets=secrets, now=_now)
    except BadTarget as fault:
        said = str(fault).removeprefix(f"targets.{name}.{fault.key}: ")
        if said.startswith("unknown key"):
            raise keys.bad(f"unknown key {fault.key!r}") from None
        raise keys.bad(f"{fault.key!r} {said}") from None


def _manner(own: Mapping[str, object]) -> str:
    """Return what stands for the connector's own keys, and for the mapping tables that it may read."""
    canonical = json.dumps(own, ensure_ascii=False, sort_keys=True, default=str) + tables_digest()
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _digest(table: dict[str, object], filter_: Filter) -> str:
    """Return the digest of all that is set; secrets are only referred to, and a retirement is compared by itself."""
    told = {key: value for key, value in table.items() if key not in {"retired", "filter"}}
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, default=str) + dump_filter(filter_)
    return hashlib.sha256(canonical.encode()).hexdigest()
