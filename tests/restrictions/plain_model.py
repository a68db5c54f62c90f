"""What look-ups and targets should say, written down a second time: plain facts and plain rules, slow and obvious."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

LAND, CREDIT, BONDS, PROCUREMENT, WORKS, PRODUCTION, SAFETY, FUNDING, TAX = NINE = (
    *("LAND_SUPPLY", "FINANCING_CREDIT", "BOND_ISSUANCE", "GOVERNMENT_PROCUREMENT", "PUBLIC_WORKS_BIDDING"),
    *("PRODUCTION_LICENCE", "SAFETY_LICENCE", "FUNDING_SUPPORT", "TAX_ADMINISTRATION"),
)


def years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def months_after(day: date, months: int) -> date:
    first = date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first.replace(day=1) + timedelta(days=day.day - 1), after - timedelta(days=1))


def longest(publication_class: str, decided: date) -> date:
    """Return the last day that a class allows: decisions here are all of Order 36."""
    return months_after(decided, {"MINOR": 36, "GENERAL": 12, "SERIOUS": 36}[publication_class])


@dataclass
class Fact:
    """
    A record as a clerk would note it. `state` is quarantined, listed, lifted or revoked; ends are dates only, None where
    nobody wrote one, and then it is that of the publication.
    """

    name: str
    code: str
    item: str
    enterprise_name: str
    numbers: set[str]
    state: str
    decided: date
    ends: dict[str, date | None]
    published_to: date | None
    penalty: date | None = None
    without_effect_from: date | None = None
    was_listed: bool = False

    def end(self, area: str) -> date:
        end = self.ends[area] or self.published_to
        assert end is not None
        return end

    @property
    def last(self) -> date:
        return max([*map(self.end, self.ends), *([self.published_to] if self.published_to else [])])

    def runs(self, day: date) -> bool:
        if self.state == "listed":
            return self.decided <= day <= self.last
        return (
            self.state == "lifted"
            and self.without_effect_from is not None
            and self.decided <= day < min(self.without_effect_from, date.fromordinal(self.last.toordinal() + 1))
        )

    def might_run(self, day: date) -> bool:
        return self.state == "quarantined" and self.decided <= day <= self.last

    def stands_in(self, area: str, day: date) -> bool:
        """Whether it says something about an area on a day, or would if its code were confirmed."""
        return (self.runs(day) or self.might_run(day)) and area in self.ends and day <= self.end(area)

    def says(self, area: str, day: date) -> str:
        """Return what this record alone says about an area."""
        if not self.runs(day) or area not in self.ends or day > self.end(area):
            return "CLEAR"
        if area in {LAND, CREDIT, PRODUCTION, SAFETY}:
            return "RESTRICTED"
        closed = area == PROCUREMENT and self.penalty and self.penalty <= day <= years_after(self.penalty, 3)
        return "RESTRICTED" if closed else "ADVISORY"


@dataclass
class Book:
    """All records, and the two questions: what does a reader hear, what does a target show."""

    facts: dict[str, Fact] = field(default_factory=dict)

    def taken(self, code: str, item: str, *, but: str = "") -> bool:
        return any(
            fact.state != "revoked" and (fact.code, fact.item) == (code, item) and fact.name != but
            for fact in self.facts.values()
        )

    def verdicts(self, typed: str, kind: str, name: str, day: date) -> dict[str, str]:
        """Return the verdict of each area. `kind` is right or doubtful (a full code), organisation, or registration."""
        led_to = {f.code for f in self.facts.values() if typed == f.code or typed in f.numbers}
        own = [f for f in self.facts.values() if f.code in led_to and f.state != "revoked"]
        inside = {"right": typed[8:17], "doubtful": typed[8:17], "organisation": typed}.get(kind, "-")
        kin = [f for f in self.facts.values() if (inside == f.code or inside in f.numbers) and f.code not in led_to]
        called_so = {f.code for f in self.facts.values() if f.enterprise_name == name} - {*led_to, typed}
        namesakes = [f for f in self.facts.values() if f.code in called_so]
        firm = {f.code for f in own if f.was_listed}
        leads_nowhere = kind != "right" and not (len(firm) == 1 and {f.code for f in own} == firm)
        another_name = bool(name and own) and name not in {f.enterprise_name for f in own}
        answers = {}
        for area in NINE:
            awaiting = [f for f in own if f.might_run(day)]
            grave = leads_nowhere or any(f.stands_in(area, day) for f in [*awaiting, *kin])
            slight = another_name or (name and any(f.stands_in(area, day) for f in namesakes))
            said = {f.says(area, day) for f in own}
            if "RESTRICTED" in said:
                answers[area] = "RESTRICTED"
            elif "ADVISORY" in said:
                answers[area] = "UNKNOWN" if grave else "ADVISORY"
            else:
                answers[area] = "UNKNOWN" if grave or slight else "CLEAR"
        return answers

    def on_platform(self, day: date, areas: set[str]) -> set[str]:
        """Return the records that a platform taking `areas` shows."""
        return {
            f.name
            for f in self.facts.values()
            if f.runs(day) and any(area in areas and day <= f.end(area) for area in f.ends)
        }

    def on_website(self, day: date) -> set[str]:
        """Return the records that a public website shows."""
        return {f.name for f in self.facts.values() if f.runs(day) and f.published_to and day <= f.published_to}
