"""What is shown to those who watch: scraped over HTTP, and read as Prometheus reads it."""

from __future__ import annotations

import asyncio
import re
import socket
import urllib.request
from typing import TYPE_CHECKING

import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.house.pages import table_rows
from tests.house.project import ROOT
from tests.push.records import TODAY, record
from tests.push.rig import House, on_loop, place

from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_service.domain.calendar import start_of
from credit_sanction_service.push.figures import StoreFigures
from credit_sanction_service.push.metrics import Metrics
from credit_sanction_service.store.claims import pause_target
from credit_sanction_service.store.deliveries import DeliveryState

if TYPE_CHECKING:
    from datetime import datetime

Series = dict[tuple[str, ...], float]


def noon() -> datetime:
    return start_of(TODAY)


def scraped(port: int) -> Series:
    """Return each sample by its name and the values of its labels, in the order of these."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def of_push(shown: Series, name: str) -> dict[str, float]:
    return {labels[0]: value for (own, *labels), value in shown.items() if own == f"credit_sanction_push_{name}"}


def counted(shown: Series) -> float:
    """Return how many attempts have ended."""
    return sum(value for key, value in shown.items() if key[0].endswith("attempts_total"))


@on_loop
async def test_a_scrape_shows_how_each_target_stands(house: House) -> None:
    given = [record(1), record(2)]
    metrics = Metrics(StoreFigures(house.dsn, clock=noon, kept_s=0))
    dead = place("dead", breaker={"failures": 1, "open_s": 60}, concurrency=1)
    with metrics.served("127.0.0.1", 0) as port:
        async with (
            house.serving(place("good"), dead, place("picky"), place("still")),
            house.working(observer=metrics),
        ):
            house.tell("dead", Behaviour(mode="503"))
            house.tell("picky", Behaviour(mode="reject", subject=given[0].name))
            pause_target(house.reader, "still", "maintenance")
            house.submit(*given)
            await house.until(
                lambda: (
                    len(house.rows(DeliveryState.CONFIRMED)) == 3
                    and house.rows(DeliveryState.REJECTED)
                    and house.rows(DeliveryState.RETRYING)
                    # What is committed is counted a moment later.
                    and counted(scraped(port)) == 5
                )
            )
            shown = await asyncio.to_thread(scraped, port)
            assert shown["credit_sanction_store_up",] == 1
            assert of_push(shown, "backlog") == {"good": 0, "dead": 2, "picky": 1, "still": 2}
            assert of_push(shown, "rejected") == {"good": 0, "dead": 0, "picky": 1, "still": 0}
            assert of_push(shown, "given_up") == dict.fromkeys(house.desks, 0)
            # Decided in spring: the seven working days are long over.
            assert of_push(shown, "past_due_deliveries") == of_push(shown, "backlog")
            assert of_push(shown, "target_paused") == {"good": 0, "dead": 0, "picky": 0, "still": 1}
            assert of_push(shown, "breaker_state") == {"good": 0, "dead": 2, "picky": 0, "still": 0}
            assert of_push(shown, "in_flight") == dict.fromkeys(house.desks, 0)
            oldest = of_push(shown, "oldest_undelivered_seconds")
            assert oldest["good"] == 0 < min(oldest["dead"], oldest["picky"], oldest["still"])
            attempts = {key[1:]: value for key, value in shown.items() if key[0].endswith("attempts_total")}
            assert attempts["CONFIRMED", "good"] == 2
            assert attempts["UNAVAILABLE", "dead"] == 1
            assert attempts["REJECTED", "picky"] == 1
            assert attempts["CONFIRMED", "still"] == 0
            assert of_push(shown, "lag_seconds_count") == {"good": 2, "dead": 0, "picky": 1, "still": 0}
        house.shut_database()
        away = await asyncio.to_thread(scraped, port)
        assert away["credit_sanction_store_up",] == 0
        assert of_push(away, "backlog") == {}
        assert of_push(away, "breaker_state")["dead"] == 2
        house.open_database()
        assert (await asyncio.to_thread(scraped, port))["credit_sanction_store_up",] == 1
    assert_told(shown)


def assert_told(shown: Series) -> None:
    """Hold the page to every metric that there is, and it and the alert rules to no other."""
    names = {name for name, *_ in shown}
    page = (ROOT / "docs" / "push.md").read_text("utf-8")
    told = {row[0].strip("`") for row in table_rows(page, ["Metric", "Labels", "Meaning"])}
    assert {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in names} == told
    asked = {name for row in table_rows(page, ["Question", "PromQL"]) for name in re.findall(r"credit_\w+", row[1])}
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8"))
    looked_at = {
        name
        for group in rules["groups"]
        for rule in group["rules"]
        for name in re.findall(r"credit_sanction_(?!api_)\w+", rule["expr"])  # the others are no worker's
    }
    assert looked_at
    assert looked_at | asked <= names


def test_a_store_that_never_answers_holds_up_no_scrape() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = f"host=127.0.0.1 port={silent.getsockname()[1]} dbname=x user=x"
        metrics = Metrics(StoreFigures(dsn, clock=noon, patience_s=0.05))
        with metrics.served("127.0.0.1", 0) as port:
            for _ in range(2):
                assert scraped(port)["credit_sanction_store_up",] == 0
