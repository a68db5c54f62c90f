"""Look-ups: which restrictions are in force."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from credit_sanction._areas import split
from credit_sanction._consistency import Staleness, as_known, consistency
from credit_sanction._errors import ClientError, WrongValue
from credit_sanction._reading import answer_of, receipt_of
from credit_sanction._receipts import ReceiptKey
from credit_sanction._words import RevisionLike, number
from credit_sanction.v1.restriction_service_pb2 import (
    CheckRestrictionsRequest,
    EnterpriseQuery,
    LandPurpose,
    ListReceiptKeysRequest,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from credit_sanction._answers import Answer
    from credit_sanction._calls import Caller

LandPurposeLike: TypeAlias = "str | LandPurpose.ValueType"


class Lookups:
    """The look-up half of the client."""

    _caller: Caller

    def check(  # noqa: PLR0913 - each is a question's own, and left out by nearly everybody
        self,
        code: str,
        *,
        name: str | None = None,
        areas: Iterable[str] = (),
        max_staleness: Staleness = None,
        min_revision: RevisionLike | None = None,
        as_of_date: date | str | None = None,
        at_revision: RevisionLike | None = None,
        as_known_at: datetime | None = None,
        land_purpose: LandPurposeLike = "UNSPECIFIED",
        include_ended: bool = False,
        want_receipt: bool = False,
        purpose: str = "",
    ) -> Answer:
        """
        Look one enterprise up 查询.

        `code` is its unified social credit code, or an old number; with `name` the service finds a mix-up. `areas` are
        `Area` and `AreaGroup`, or their names; none means all nine, refused with PermissionDenied where the caller may not ask
        about all, `metadata["areas"]` naming those that it may. `max_staleness`, in seconds or as a timedelta, can
        only tighten what the service is set to. `min_revision` waits until the answer knows at least that revision: a
        record's own, to read one's write. `as_of_date` asks what was in force on that day, by today's knowledge;
        `at_revision` what was known at exactly that revision, `as_known_at`, an aware datetime, what was known then.
        `include_ended` shows in `past` what rests and what has ended too.
        `land_purpose` is a name without prefix: NEW_SUPPLY, taken where nothing is said, or EXIT_DISPOSAL, the exit's own
        disposal of land, which no measure blocks (长工信联字[2017]9号 §四(六)). With `want_receipt` the answer carries a
        signed `receipt`, in which `purpose` stands, what it was asked for, such as the number of a tender; nothing else keeps it.
        """
        if purpose and not want_receipt:
            raise WrongValue("purpose: it stands in a receipt and nowhere else: ask for one with want_receipt=True")
        single, groups = split(areas)
        request = CheckRestrictionsRequest(
            enterprise=_query(code, name),
            areas=single,
            groups=groups,
            consistency=consistency(
                max_staleness=max_staleness,
                min_revision=min_revision,
                as_of_date=as_of_date,
                at_revision=at_revision,
                as_known_at=as_known_at,
            ),
            land_purpose=number(LandPurpose, "LAND_PURPOSE_", land_purpose),
            include_ended=include_ended,
            want_receipt=want_receipt,
            purpose=purpose,
        )
        response = self._caller.call(self._caller.restrictions.CheckRestrictions, request)
        past = as_known(at_revision, as_known_at)
        answer = answer_of(code, response.answer, response.basis, as_known=past)
        return replace(answer, receipt=receipt_of(response.receipt)) if want_receipt else answer

    def receipt_keys(self) -> tuple[ReceiptKey, ...]:
        """Return the public keys by which the service's receipts are verified, the present one first. Keep them."""
        response = self._caller.call(self._caller.restrictions.ListReceiptKeys, ListReceiptKeysRequest())
        return tuple(ReceiptKey(public_key=key.public_key, is_current=key.is_current) for key in response.keys)


def _query(code: str, name: str | None) -> EnterpriseQuery:
    try:
        return EnterpriseQuery(code=code, name=name or "")
    except UnicodeEncodeError:
        raise ClientError(f"{code[:80]!r}, {name or '':.80}: not Unicode text") from None
