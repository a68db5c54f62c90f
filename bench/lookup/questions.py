"""What is asked: of ten enterprises one is restricted. As messages, and as the bytes that a load driver sends."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING, Final

import grpc

from bench.lookup.stock import MOST, other_code, restricted_code
from credit_sanction.v1.measure_pb2 import AREA_GROUP_LOANS
from credit_sanction.v1.restriction_service_pb2 import (
    VERDICT_CLEAR,
    VERDICT_RESTRICTED,
    BatchCheckRestrictionsRequest,
    CheckRestrictionsRequest,
    CheckRestrictionsResponse,
    EnterpriseQuery,
)
from credit_sanction.v1.restriction_service_pb2_grpc import RestrictionServiceStub

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.lookup.house import Service

SERVICE: Final = "/credit_sanction.v1.RestrictionService"
UNARY: Final = f"{SERVICE}/CheckRestrictions"
BATCH: Final = f"{SERVICE}/BatchCheckRestrictions"
BATCH_SIZE: Final = 10_000
_ONE_IN: Final = 10
_PATIENCE_S: Final = 60.0


def mixed_codes(count: int, *, of: int, seed: int) -> list[str]:
    """Return distinct codes in no order, one in ten of them one of the `of` restricted enterprises."""
    chance = random.Random(seed)  # noqa: S311 - the same at every run
    hits = count // _ONE_IN
    codes = [restricted_code(number) for number in chance.sample(range(of), hits)]
    codes += [other_code(number) for number in chance.sample(range(MOST), count - hits)]
    chance.shuffle(codes)
    return codes


def question(code: str) -> CheckRestrictionsRequest:
    """Return what a bank asks before it lends."""
    return CheckRestrictionsRequest(enterprise=EnterpriseQuery(code=code), groups=[AREA_GROUP_LOANS])


def batch(codes: Sequence[str]) -> BatchCheckRestrictionsRequest:
    """Return the same about many."""
    return BatchCheckRestrictionsRequest(codes=codes, groups=[AREA_GROUP_LOANS])


def framed(message: bytes) -> bytes:
    """Return a message as it stands in the body of a gRPC call."""
    return b"\0" + struct.pack(">I", len(message)) + message


def answered(service: Service, token: str, codes: Sequence[str]) -> list[CheckRestrictionsResponse]:
    """
    Return the answers, each checked: a load driver looks at no status. Raises `grpc.RpcError`, and `RuntimeError` for a
    wrong verdict.
    """
    metadata = (("authorization", f"Bearer {token}"),)
    with grpc.insecure_channel(service.address) as channel:
        stub = RestrictionServiceStub(channel)
        replies = [
            stub.CheckRestrictions(question(code), metadata=metadata, timeout=_PATIENCE_S, wait_for_ready=True)
            for code in codes
        ]
    for code, reply in zip(codes, replies, strict=True):
        if reply.answer.verdict != expected(code):
            raise RuntimeError(f"{code} was answered {reply.answer.verdict}")
    return replies


def check_batch(service: Service, token: str, codes: Sequence[str]) -> int:
    """Ask for many at once and return the size of the reply. Raises as `answered`."""
    metadata = (("authorization", f"Bearer {token}"),)
    with grpc.insecure_channel(service.address) as channel:
        stub = RestrictionServiceStub(channel)
        reply = stub.BatchCheckRestrictions(batch(codes), metadata=metadata, timeout=_PATIENCE_S, wait_for_ready=True)
    if list(reply.verdicts) != [expected(code) for code in codes]:
        raise RuntimeError("a batch was answered wrong")
    return int(reply.ByteSize())


def expected(code: str) -> int:
    """Return the verdict that an enterprise of ours is to have."""
    return VERDICT_RESTRICTED if code[8] == "F" else VERDICT_CLEAR
