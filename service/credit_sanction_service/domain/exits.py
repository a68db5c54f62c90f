"""
Registered exit obligations 退出任务 and the steps of their life, as pure functions from one version to the next.

    OPEN ──report_interim: technology alone──▶ INTERIM_SEALED ──report_completion──▶ COMPLETED
      ├──────────────────────────report_completion──────────────────────────────────────▲
      └── withdraw: from OPEN and INTERIM_SEALED ──▶ WITHDRAWN

Overdue is no state: it is a matter of the day. Sealed is not completed (长工信联字[2017]9号 §三(二)5). Completed is final, and so is
withdrawn, which is what was registered by mistake: outside an approved plan there is no deadline (§二).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.capacity import Obligation
from credit_sanction_service.domain.enterprises import Authority, District, Enterprise
from credit_sanction_service.domain.exit_evidence import (
    ACTIVE_EXIT_RULE,
    EXIT_RULE,
    INTERIM_RULE,
    ActiveExit,
    Completion,
    InterimEvidence,
    Withdrawal,
    read_active_exit,
    read_completion,
    read_dismantle_by,
    read_interim,
    read_withdrawal,
)
from credit_sanction_service.domain.faults import CalendarNotPublished, StateConflict
from credit_sanction_service.domain.findings import Findings
from credit_sanction_service.domain.identifiers import GB_32100, Code, Judgement, describe, judge
from credit_sanction_service.domain.obligations import (
    PLAN_RULE,
    check_application,
    read_extension,
    read_obligation,
    reckoned,
    unpublished_year,
)
from credit_sanction_service.domain.parties import (
    check_authority,
    check_district,
    read_authority,
    read_district,
    read_enterprise,
)
from credit_sanction_service.domain.terms import ObligationState, Standard

if TYPE_CHECKING:
    from credit_sanction_service.domain.drafts import ExtensionDraft
    from credit_sanction_service.domain.exit_drafts import (
        ActiveExitDraft,
        CompletionDraft,
        InterimDraft,
        RegistrationDraft,
        WithdrawalDraft,
    )
    from credit_sanction_service.domain.law import Law

EXTENSION_RULE: Final = "长工信联字[2017]9号 §三(二)1"
COLLECTION: Final = "exitObligations"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredObligation:
    """
    A registered exit obligation 退出任务: one item of capacity of one enterprise. `id` is opaque; versions count from 1.

    `interim` and `dismantle_by` stay once it is completed or withdrawn, as does what was declared.
    """

    id: str
    version: int
    state: ObligationState
    enterprise: Enterprise
    obligation: Obligation
    authority: Authority
    district: District
    interim: tuple[InterimEvidence, ...] = ()
    dismantle_by: date | None = None
    completion: Completion | None = None
    active_exit: ActiveExit | None = None
    withdrawal: Withdrawal | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.state is ObligationState.COMPLETED) != (self.completion is not None):
            raise ValueError("completed and only completed obligations say how")
        if (self.state is ObligationState.WITHDRAWN) != (self.withdrawal is not None):
            raise ValueError("withdrawn and only withdrawn obligations say why")
        if bool(self.interim) != (self.dismantle_by is not None):
            raise ValueError("what is sealed has a day by which it is dismantled")
        if self.state is ObligationState.INTERIM_SEALED and not self.interim:
            raise ValueError("what is sealed has evidence of it")

    @property
    def name(self) -> str:
        """The resource name."""
        return f"{COLLECTION}/{self.id}"

    @property
    def completed_on(self) -> date | None:
        """The day on which its exit was verified, None while it was not."""
        return self.completion.completed_on if self.completion else None

    @property
    def last_day(self) -> date | None:
        """The last day, extension included; None while the official days of its year are not published."""
        return None if self.obligation.calendar_missing else self.obligation.last_day

    def is_overdue(self, day: date) -> bool:
        """
        Whether on `day` the last day has passed and the exit is not completed 逾期. Sealed is not completed (长工信联字[2017]9号
        §三(二)5). False while the last day cannot be told, and of what was withdrawn: no deadline ran (§二).
        """
        if self.withdrawal:
            return False
        return self.last_day is not None and self.last_day < day and not self._is_completed_by(day)

    def is_supported(self, day: date) -> bool:
        """
        Whether lenders are to support it on `day` as an active exit (长工信联字[2017]9号 §四(四)): from its declaration on, unless
        the last day has passed, or may have, without completion by then. Late completion does not bring support back. What was
        withdrawn was never to be supported.
        """
        if self.active_exit is None or self.withdrawal or day < self.active_exit.declared_on:
            return False
        last = self.obligation.last_day
        return day <= last or (self.completed_on is not None and self.completed_on <= last)

    def _is_completed_by(self, day: date) -> bool:
        return self.completed_on is not None and self.completed_on <= day


def register(draft: RegistrationDraft, *, obligation_id: str, today: date, law: Law) -> RegisteredObligation:
    """
    Return the obligation at version 1, OPEN. It may be overdue already.

    Raises `Invalid` with every fault: no approved plan (长工信联字[2017]9号 §二), a deadline or extension that the standard does not
    allow (§三(二)), an authority that leads neither standard nor sector (§五(一)(二)), a code that no enterprise can have. A
    code in doubt is taken in with a warning: an obligation restricts nobody. A calendar that is not published is no fault:
    the last day is then not told.
    """
    findings = Findings()
    enterprise, code = read_enterprise(draft.enterprise, findings)
    obligation = read_obligation(draft.obligation, findings, today=today, law=law)
    authority = read_authority(draft.authority_code, draft.authority_name, findings, "authority")
    since = obligation.ordered_on if obligation else today
    district = read_district(draft.district, findings, default_since=since, today=today)
    warnings = check_authority(authority, obligation, findings, on=today, law=law, path="authority")
    warnings += check_district(district, findings, on=today, law=law)
    if authority and code.certain_organisation_code == judge(authority.code).organisation_code:
        findings.note("enterprise.code", "it is the authority's own: nobody leads his own exit", GB_32100)
    findings.stop_if_any()
    assert enterprise and obligation and authority and district  # noqa: PT018, S101 - for the type checker
    return RegisteredObligation(
        id=obligation_id,
        version=1,
        state=ObligationState.OPEN,
        enterprise=enterprise,
        obligation=obligation,
        authority=authority,
        district=district,
        warnings=(*_code_warnings(draft.enterprise.code, code), *warnings),
    )


def _code_warnings(typed: str, code: Code) -> list[str]:
    return [f"企业代码待确认: {describe(typed, code)}"] if code.judgement is Judgement.QUARANTINED else []


def extend(registered: RegisteredObligation, draft: ExtensionDraft, *, today: date, law: Law) -> RegisteredObligation:
    """
    Return the next version with the one extension that energy knows (长工信联字[2017]9号 §三(二)1), applied for on or before the
    last day. It may be granted after that day.

    Raises `StateConflict` once completed, withdrawn or extended, `Invalid` with the article where the standard knows no extension.
    """
    obligation = registered.obligation
    _require_open(registered, "extended", EXIT_RULE)
    rule = law.deadlines.of(obligation.standard, induction_furnace=obligation.induction_furnace)
    if obligation.extension and rule.extension_months:
        raise StateConflict(
            f"{registered.name} was extended already, by {obligation.extension.months} months:"
            f" there is one extension ({rule.article})"
        )
    findings = Findings()
    extension = read_extension(draft, findings, rule, obligation.standard, path="extension")
    if extension:
        path = "extension.applied_on"
        check_application(extension, obligation, findings, path=path, today=today, law=law)
    findings.stop_if_any()
    extended = replace(obligation, extension=extension)
    return replace(registered, version=registered.version + 1, obligation=reckoned(extended, law.calendar))


def report_interim(
    registered: RegisteredObligation, draft: InterimDraft, *, today: date, law: Law
) -> RegisteredObligation:
    """
    Return the next version, INTERIM_SEALED: equipment that cannot be dismantled at once was cut off from power and water,
    sealed, its removal committed to in public and announced on the city-level site (长工信联字[2017]9号 §三(二)5). A later report
    replaces the one before.

    Raises `StateConflict` once completed or withdrawn, `Invalid` for another standard than technology and naming each missing piece.
    """
    _require_open(registered, "reported as sealed", INTERIM_RULE)
    obligation = registered.obligation
    findings = Findings()
    if obligation.standard is not Standard.TECHNOLOGY:
        text = f"{registered.name} fails {obligation.standard}: only {Standard.TECHNOLOGY} knows an interim state"
        findings.note("name", text, INTERIM_RULE)
        findings.stop_if_any()
    interim = read_interim(draft.evidence, findings, ordered_on=obligation.ordered_on, today=today)
    dismantle_by = read_dismantle_by(draft.dismantle_by, findings, today=today)
    findings.stop_if_any()
    state = ObligationState.INTERIM_SEALED
    return _next(replace(registered, state=state, interim=interim, dismantle_by=dismantle_by), law)


def report_completion(
    registered: RegisteredObligation, draft: CompletionDraft, *, today: date, law: Law
) -> RegisteredObligation:
    """
    Return the next version, COMPLETED, which is final: the enterprise has closed, or its main equipment is disabled, and
    somebody verified it (长工信联字[2017]9号 §三(三)6). Raises `StateConflict` once completed or withdrawn, `Invalid`.
    """
    _require_open(registered, "completed again", EXIT_RULE)
    findings = Findings()
    sealed_on = max((piece.made_on for piece in registered.interim), default=None)
    completion = read_completion(
        draft, findings, ordered_on=registered.obligation.ordered_on, sealed_on=sealed_on, today=today
    )
    findings.stop_if_any()
    return _next(replace(registered, state=ObligationState.COMPLETED, completion=completion), law)


def declare_active_exit(
    registered: RegisteredObligation, draft: ActiveExitDraft, *, today: date, law: Law
) -> RegisteredObligation:
    """
    Return the next version with the declaration that makes lenders support the enterprise; it replaces an earlier one.

    长工信联字[2017]9号 §四(四) supports who exits actively, and has new credit held down and loans reduced for who has not exited on
    time. One obligation is never both: the declaration is taken while it is not overdue, or once it was completed on or
    before its last day; once overdue, or completed late, it is refused. `is_supported` says the same of every later day.
    Raises `StateConflict`, `Invalid`; `CalendarNotPublished` where nobody can tell yet whether it is late.
    """
    _require_standing(registered, "declared an active exit")
    current = _next(registered, law)
    ended = registered.completed_on
    if (ended or today) > current.obligation.last_day:
        if current.last_day is None:
            raise CalendarNotPublished(unpublished_year(current.obligation.nominal_last_day, law))
        late = f"was completed on {ended}, after" if ended else "is overdue: today lies after"
        raise StateConflict(
            f"{registered.name} {late} its last day {current.last_day}: only who exits on time is supported"
            f" ({ACTIVE_EXIT_RULE})"
        )
    findings = Findings()
    active_exit = read_active_exit(draft, findings, ordered_on=registered.obligation.ordered_on, today=today)
    findings.stop_if_any()
    return replace(current, active_exit=active_exit)


def withdraw(
    registered: RegisteredObligation, draft: WithdrawalDraft, *, today: date, law: Law
) -> RegisteredObligation:
    """
    Return the next version, WITHDRAWN, which is final: it was registered by mistake. A deadline exists only inside an approved
    plan (长工信联字[2017]9号 §二), so none ran: it is never overdue, nor supported, on days before the withdrawal neither.

    Raises `StateConflict` once completed or withdrawn, `Invalid`.
    """
    _require_open(registered, "withdrawn", EXIT_RULE)
    findings = Findings()
    withdrawal = read_withdrawal(draft, findings, ordered_on=registered.obligation.ordered_on, today=today)
    findings.stop_if_any()
    return _next(replace(registered, state=ObligationState.WITHDRAWN, withdrawal=withdrawal), law)


def calendar_loaded(registered: RegisteredObligation, *, law: Law) -> RegisteredObligation | None:
    """
    Return the next version of an obligation whose last day can be told now; None where nothing has changed for it, as for what
    was withdrawn.
    """
    if registered.withdrawal or not registered.obligation.calendar_missing:
        return None
    fresh = _next(registered, law)
    return None if fresh.last_day is None else fresh


def _next(registered: RegisteredObligation, law: Law) -> RegisteredObligation:
    """Return it as the next version, its last day told if it can be by now."""
    obligation = registered.obligation
    if obligation.calendar_missing:
        obligation = reckoned(obligation, law.calendar)
    return replace(registered, version=registered.version + 1, obligation=obligation)


def _require_standing(registered: RegisteredObligation, what: str) -> None:
    if registered.withdrawal:
        raise StateConflict(
            f"{registered.name} was withdrawn on {registered.withdrawal.withdrawn_on}, which is final:"
            f" it cannot be {what} ({PLAN_RULE})"
        )


def _require_open(registered: RegisteredObligation, what: str, rule: str) -> None:
    _require_standing(registered, what)
    if registered.completion:
        raise StateConflict(
            f"{registered.name} was completed on {registered.completion.completed_on}, which is final:"
            f" it cannot be {what} ({rule})"
        )
