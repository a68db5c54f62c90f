"""The server itself: pools, health, reflection, and that contract and domain agree on limits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import psycopg
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from credit_sanction.v1 import error_reason_pb2
from credit_sanction_service.api import errors
from credit_sanction_service.api.server import SERVICES
from credit_sanction_service.domain import faults, text
from credit_sanction_service.domain.access import (
    CHECK,
    GRANTS,
    OVERSEE,
    READ_KEYS,
    READ_LAW,
    READ_LISTS,
    READ_RECORDS,
    WATCH,
    WRITE_LAW,
    WRITE_LISTS,
    WRITE_OBLIGATIONS,
    WRITE_RECORDS,
    Role,
)

if TYPE_CHECKING:
    from tests.api.conftest import House

PROTO = Path(__file__).parents[2] / "proto" / "credit_sanction" / "v1"


def test_health_says_serving_for_every_service(house: House) -> None:
    with grpc.insecure_channel(house.address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", *SERVICES):
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_health_says_where_the_index_is_another_epochs_until_all_is_loaded_anew(house: House) -> None:
    """Records are taken in meanwhile, for that asks the store. Where the store cannot be loaded, it stays so."""
    with grpc.insecure_channel(house.address) as channel, psycopg.connect(house.database.owner_dsn) as owner:
        stub = health_pb2_grpc.HealthStub(channel)
        updates = stub.Watch(health_pb2.HealthCheckRequest(), timeout=20)
        assert next(updates).status == health_pb2.HealthCheckResponse.SERVING
        owner.execute("LOCK TABLE exit_obligation IN ACCESS EXCLUSIVE MODE")
        with psycopg.connect(house.database.owner_dsn) as restored:
            restored.execute("UPDATE store_head SET epoch = 2, number = 0")
        assert next(updates).status == health_pb2.HealthCheckResponse.NOT_SERVING
        said = {
            service.rpartition(".")[2]
            for service in SERVICES
            if stub.Check(health_pb2.HealthCheckRequest(service=service)).status
            == health_pb2.HealthCheckResponse.NOT_SERVING
        }
        assert said == {"RestrictionService", "WatchService"}
        owner.rollback()
        assert next(updates).status == health_pb2.HealthCheckResponse.SERVING
        updates.cancel()


def test_reflection_lists_the_services(house: House) -> None:
    with grpc.insecure_channel(house.address) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = next(iter(stub.ServerReflectionInfo(iter([request]))))
    assert {service.name for service in answer.list_services_response.service} >= set(SERVICES)


def test_every_method_of_the_contract_is_granted_to_the_administrator_and_to_somebody_only() -> None:
    methods = {
        match for path in PROTO.glob("*_service.proto") for match in re.findall(r"rpc (\w+)\(", path.read_text("utf-8"))
    }
    assert GRANTS[Role.ADMINISTRATOR].methods == methods
    for asker in (Role.BANK, Role.PROCUREMENT, Role.LAND, Role.LICENSING):
        granted = GRANTS[asker].methods
        assert granted & (WRITE_RECORDS | READ_RECORDS | WRITE_OBLIGATIONS | WRITE_LISTS | WRITE_LAW | OVERSEE) == set()
        assert granted - READ_LISTS - READ_LAW - READ_KEYS == CHECK | WATCH | {
            "ReportEnforcement",
            "ListEnforcementReports",
        }


def test_every_fault_has_a_status_and_every_reason_a_fault() -> None:
    known = {rule.reason for rule in (*errors._TABLE.values(), *errors._NOT_FOUND.values())} | {"INTERNAL_FAULT"}  # noqa: SLF001 - the table is what is tested
    reasons = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118 - a generated enum, not a mapping
    assert known == reasons
    concrete = {
        kind for kind in vars(faults).values() if isinstance(kind, type) and issubclass(kind, faults.SanctionError)
    }
    assert concrete - set(errors._TABLE) == {faults.SanctionError, faults.NotFound}  # noqa: SLF001 - the table is what is tested


@pytest.mark.parametrize(
    ("file", "field", "limit"),
    [
        ("enterprise.proto", "name", text.NAME_LIMIT),
        ("enterprise.proto", "code", text.CODE_LIMIT),
        ("enterprise.proto", "value", text.OTHER_IDENTIFIER_LIMIT),
        ("obligation.proto", "item", text.ITEM_LIMIT),
        ("obligation.proto", "equipment", text.EQUIPMENT_LIMIT),
        ("sanction_record.proto", "document_number", text.DOCUMENT_NUMBER_LIMIT),
        ("sanction_record.proto", "violation", text.PASSAGE_LIMIT),
        ("sanction_record.proto", "facts", text.PENALTY_FACTS_LIMIT),
        ("sanction_record.proto", "basis", text.PENALTY_BASIS_LIMIT),
        ("sanction_record.proto", "content", text.PENALTY_CONTENT_LIMIT),
        ("sanction_record.proto", "licence", text.LICENCE_LIMIT),
        ("sanction_record.proto", "evidence", text.REASON_LIMIT),
        ("sanction_record_service.proto", "reason", text.REASON_LIMIT),
    ],
)
def test_the_contracts_comments_state_the_limits_that_hold(file: str, field: str, limit: int) -> None:
    source = (PROTO / file).read_text("utf-8")
    comments = re.findall(rf"((?:  // .*\n)+)  (?:repeated )?\w+ {field} = ", source)
    stated = {
        int(number) for comment in comments for number in re.findall(r"(\d+)\s+characters", comment.replace("//", ""))
    }
    assert limit in stated, comments


def test_a_fault_nobody_foresaw_is_internal_and_says_nothing_of_itself() -> None:
    status = errors.status_of(RuntimeError("SELECT secret FROM somewhere"))
    assert "secret" not in status.message
    assert status.code == grpc.StatusCode.INTERNAL.value[0]


def test_many_faults_still_fit_into_the_trailing_metadata() -> None:
    violations = [
        faults.Violation(field=f"record.f{n}", description="错" * 100, rule="GB 32100-2015") for n in range(200)
    ]
    status = errors.status_of(faults.Invalid(violations))
    assert len(status.SerializeToString()) < 6_000
