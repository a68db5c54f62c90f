"""The bodies of law that histories are told under: the shipped one, and one with a later catalogue and texts that lapse."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from tests.policy.plain_law import PlainLaw, shipped_texts

from credit_sanction_service.domain.editions import read_header
from credit_sanction_service.domain.law import Law, build_law

# The state document lapses, the municipal notice a year later; decisions from 2025 on know five areas alone.
_LATER: Final = """
kind = "CATALOGUE"
edition = "2025-made-up"
format = 1
source = ["虚构清单"]
decisions_from = 2025-01-01

[[area]]
name = "LAND_SUPPLY"
directive_zh = "虚构"
directive_en = "Made up."
actions = ["REFUSE_NEW_LAND"]
departments = { names = ["虚构局"], confirmed = false }
[[area.basis]]
document = "国发〔2010〕7号"
article = "四(三)"
issuer_level = "STATE_COUNCIL_DOCUMENT"
in_force_from = 2010-02-06
binding = true
[[area.basis]]
document = "虚构省条例"
article = "1"
issuer_level = "LOCAL_REGULATION"
in_force_from = 2026-03-01
in_force_to = 2027-02-28
binding = true

[[area]]
name = "FINANCING_CREDIT"
directive_zh = "虚构"
directive_en = "Made up."
actions = ["REFUSE_NEW_CREDIT"]
departments = { names = ["虚构局"], confirmed = false }
[[area.basis]]
document = "虚构省条例"
article = "2"
issuer_level = "LOCAL_REGULATION"
in_force_from = 2025-07-01
binding = true

[[area]]
name = "GOVERNMENT_PROCUREMENT"
directive_zh = "虚构"
directive_en = "Made up."
actions = ["REFUSE_BID"]
departments = { names = ["虚构局"], confirmed = false }
[[area.basis]]
document = "虚构省条例"
article = "3"
issuer_level = "LOCAL_REGULATION"
in_force_from = 2025-01-01
binding = true
requires_penalty_within_years = 1
[[area.basis]]
document = "长工信联字[2017]9号"
article = "四(八)"
issuer_level = "NOTICE"
in_force_from = 2017-07-01
binding = false

[[area]]
name = "SAFETY_LICENCE"
directive_zh = "虚构"
directive_en = "Made up."
actions = ["REFUSE_NEW_LICENCE"]
departments = { names = ["虚构局"], confirmed = false }
[[area.basis]]
document = "国发〔2010〕7号"
article = "四(三)"
issuer_level = "STATE_COUNCIL_DOCUMENT"
in_force_from = 2010-02-06
binding = true

[[area]]
name = "TAX_ADMINISTRATION"
directive_zh = "虚构"
directive_en = "Made up."
actions = ["SUPERVISE_TAX_CLOSELY"]
departments = { names = ["虚构局"], confirmed = false }
[[area.basis]]
document = "长工信联字[2017]9号"
article = "四(八)"
issuer_level = "NOTICE"
in_force_from = 2017-07-01
binding = false

[[repeal]]
document = "国发〔2010〕7号"
last_day = 2024-08-31
by = "虚构决定1号"

[[repeal]]
document = "长工信联字[2017]9号"
last_day = 2025-09-30
by = "虚构决定2号"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One body of law, as the service reads it and as it stands in the tables."""

    name: str
    law: Law
    plain: PlainLaw


@cache
def worlds() -> tuple[World, ...]:
    """Return them."""
    told = {"as shipped": shipped_texts(), "with texts that lapse": (*shipped_texts(), _LATER)}
    return tuple(
        World(name=name, law=build_law(map(read_header, texts)), plain=PlainLaw(texts)) for name, texts in told.items()
    )
