"""
First act: a list comes in and is pushed to five targets of which three misbehave, the push worker is killed half way, ten
records are lifted while a target is down, and everybody is looked up at the end.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from examples.story.stage import (
    BANKS,
    KINDS,
    PATIENCE_S,
    PLATFORM,
    PUBLIC,
    WEBSITE,
    Controls,
    Service,
    demand,
    say,
    today,
)

from credit_sanction import Answer, Area, Client, ItemFailure, Verdict, spreadsheet, types
from credit_sanction.spreadsheet import Fate, masked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHEET: Final = Path(__file__).parents[1] / "overdue-2026.csv"
LIFTED: Final = 10


def play(client: Client, controls: Controls, own: Service) -> tuple[Mapping[str, object], list[spreadsheet.Outcome]]:
    """Play it; return its figures, and what became of each row."""
    misbehave(controls)
    outcomes = import_list(client)
    fates = Counter(outcome.fate for outcome in outcomes)
    controls.state(WEBSITE, min_arrivals=fates[Fate.ACCEPTED] // 2)
    say(f"half of it has reached the website: killed the push worker, process {own.kill_push_worker()}")
    controls.behave(WEBSITE, {"mode": "503"})
    lifted = lift_ten(client, outcomes)
    controls.behave(WEBSITE)
    say("the website is back")
    wait_for_convergence(client)
    compare_lists(client, controls)
    figures = look_up(client, outcomes, lifted[-1])
    counts = {fate.value: fates[fate] for fate in Fate}
    return {"rows": len(outcomes), **counts, "lifted": len(lifted), **figures}, outcomes


def misbehave(controls: Controls) -> None:
    """Let one target fail twice, one hang, one ask for fewer requests."""
    controls.behave(PLATFORM, {"mode": "503", "times": 2})
    controls.behave(BANKS[0], {"mode": "hang", "times": 2})
    controls.behave(BANKS[1], {"mode": "429", "times": 5, "retry_after": 1})
    say("credit-platform will fail twice, bank-one will hang, bank-two will answer 429")


def import_list(client: Client) -> list[spreadsheet.Outcome]:
    """Import the list, print what was not simply accepted, and compare each row's fate with what is expected of it."""
    sheet = spreadsheet.load(SHEET)
    outcomes = spreadsheet.submit(client, sheet)
    say(f"{SHEET.name}: {len(outcomes)} rows")
    for fate in Fate:
        lines = [outcome for outcome in outcomes if outcome.fate is fate]
        print(f"  {fate:<12}{len(lines):>4}")
        for outcome in lines if fate is not Fate.ACCEPTED else ():
            print(f"    line {outcome.line:>3}  {masked(outcome.code):<20}  {masked('; '.join(outcome.reasons))[:140]}")
    wrong = [
        f"line {outcome.line} was {outcome.fate}, not {expected}: {masked('; '.join(outcome.reasons))}"
        for outcome, expected in zip(outcomes, sheet.column("expected"), strict=True)
        if outcome.fate != expected
    ]
    demand(not wrong, "\n".join(wrong))
    return outcomes


def lift_ten(client: Client, outcomes: Sequence[spreadsheet.Outcome]) -> list[types.SanctionRecord]:
    """Lift ten records, the first of them one of two records of one enterprise."""
    accepted = [outcome.record for outcome in outcomes if outcome.fate is Fate.ACCEPTED and outcome.record]
    records = Counter(record.enterprise.code for record in accepted)
    first = next(record for record in accepted if records[record.enterprise.code] == 2)  # noqa: PLR2004 - two records
    others = [record for record in accepted if records[record.enterprise.code] == 1][: LIFTED - 1]
    lifted = [
        client.lift(record, ground="EXIT_COMPLETED", document_number=f"长虚移出〔2026〕{number}号", date=today())
        for number, record in enumerate([first, *others], start=1)
    ]
    say(f"lifted {len(lifted)}, among them one of two records of {first.enterprise.name}")
    return lifted


def on_credit(client: Client, outcomes: Sequence[spreadsheet.Outcome]) -> types.SanctionRecord:
    """Return a record of the list that is in force and restricts credit."""
    names = {outcome.record.name for outcome in outcomes if outcome.fate is Fate.ACCEPTED and outcome.record}
    return next(
        record for record in client.list(states=["LISTED"], areas=[Area.FINANCING_CREDIT]) if record.name in names
    )


def wait_for_convergence(client: Client) -> None:
    """Wait until no target has anything left to do."""
    until = time.monotonic() + PATIENCE_S
    while backlog := {target.name: target.backlog for target in client.targets() if target.backlog}:
        demand(time.monotonic() < until, f"not converged after {PATIENCE_S:g} s: {backlog}")
        time.sleep(0.2)


def compare_lists(client: Client, controls: Controls) -> None:
    """Compare every target's own list, and what it believes of each enterprise, with what the store says."""
    listed = list(client.list(states=["LISTED"], page_size=1_000))
    faults: list[str] = []
    for name in KINDS:
        state = controls.state(name)
        wanted = {record.name: record.enterprise.code for record in listed if name not in PUBLIC or is_public(record)}
        held = {subject for subject, line in state["subjects"].items() if line["present"]}
        faults += [f"{name} lacks {subject}" for subject in sorted(wanted.keys() - held)]
        faults += [f"{name} still shows {subject}" for subject in sorted(held - wanted.keys())]
        for code, standing in state["enterprises"].items():
            right = {subject for subject, enterprise in wanted.items() if enterprise == code}
            if set(standing["in_force"]) != right:
                faults.append(f"{name} believes {sorted(standing['in_force'])} of {code}, not {sorted(right)}")
        print(f"  {name:<16}{len(held):>4} listed, {state['arrivals']:>4} arrivals, {state['inversions']} inversions")
    demand(not faults, "\n".join(faults[:20]))


def is_public(record: types.SanctionRecord) -> bool:
    """Whether a public target shows the record."""
    return record.publication_class != types.PublicationClass.PUBLICATION_CLASS_MINOR


def look_up(client: Client, outcomes: Sequence[spreadsheet.Outcome], known: types.SanctionRecord) -> Mapping[str, int]:
    """Look every row's code up in all areas, at a revision that knows `known`, and compare with the records listed."""
    areas: dict[str, set[Area]] = {}
    for record in client.list(states=["LISTED"], page_size=1_000):
        areas.setdefault(record.enterprise.code, set()).update(Area.of(measure.area) for measure in record.measures)
    doubtful = {record.enterprise.code for record in client.list(states=["QUARANTINED"], page_size=1_000)}
    results = client.check_many(dict.fromkeys(outcome.code for outcome in outcomes), min_revision=known.revision)
    answers = {result.code: result for result in results if isinstance(result, Answer)}
    verdicts = Counter(answer.verdict for answer in answers.values())
    false_clears = [
        code
        for code, answer in answers.items()
        if any(answer.areas[area] is Verdict.CLEAR for area in areas.get(code, ()))
        or (code in doubtful and answer.verdict is Verdict.CLEAR)
    ]
    unfounded = [code for code, answer in answers.items() if answer.restricted and code not in areas]
    unanswered = sorted((areas.keys() | doubtful) - answers.keys())
    not_asked = {result.code for result in results if isinstance(result, ItemFailure)}
    say(
        f"looked {len(answers)} enterprises up: {', '.join(f'{count} {verdict}' for verdict, count in verdicts.items())}"
    )
    say(f"{len(not_asked)} codes were not asked: no enterprise can have them")
    demand(not false_clears, f"answered CLEAR although listed: {false_clears}")
    demand(not unfounded, f"answered RESTRICTED without a record: {unfounded}")
    demand(not unanswered, f"no answer for {unanswered}")
    return {
        "looked_up": len(answers),
        **{verdict.lower(): verdicts[verdict] for verdict in Verdict},
        "not_asked": len(not_asked),
        "false_clears": len(false_clears),
    }
