"""The lists that are not joint punishment 公开名单: yellow card, red card, and the two environmental lists."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from credit_sanction._words import day_text, number
from credit_sanction.v1 import public_list_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from credit_sanction._calls import Caller
    from credit_sanction.v1.public_list_service_pb2_grpc import PublicListServiceStub


class PublicLists:
    """
    The public-list part of the client. Writing is for authorities, reading for everybody.

    Nothing here restricts anybody: an enterprise with a red card and no sanction record is looked up as CLEAR.
    """

    _caller: Caller
    _public_lists: PublicListServiceStub

    def publish_list_entry(
        self, entry: wire.PublicListEntry, *, request_id: str | None = None, validate_only: bool = False
    ) -> wire.PublicListEntry:
        """Publish one entry 发布 and return it as published."""
        request = wire.PublishPublicListEntryRequest(
            entry=entry,
            request_id=str(uuid.uuid4()) if request_id is None else request_id,
            validate_only=validate_only,
        )
        method = self._public_lists.PublishPublicListEntry
        return self._caller.call(method, request, request_id=request.request_id)

    def withdraw_list_entry(
        self,
        entry: wire.PublicListEntry,
        *,
        document_number: str,
        date: date | str,
        reason: str,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> wire.PublicListEntry:
        """Withdraw an entry 撤下 as it was last read, and return it as withdrawn: it is kept."""
        request = wire.WithdrawPublicListEntryRequest(
            name=entry.name,
            version=entry.version,
            withdrawal=wire.Withdrawal(document_number=document_number, date=day_text(date), reason=reason),
            request_id=str(uuid.uuid4()) if request_id is None else request_id,
            validate_only=validate_only,
        )
        method = self._public_lists.WithdrawPublicListEntry
        return self._caller.call(method, request, request_id=request.request_id)

    def list_entry(self, name: str) -> wire.PublicListEntry:
        """Read one entry by its name, `publicListEntries/{id}`."""
        request = wire.GetPublicListEntryRequest(name=name)
        return self._caller.call(self._public_lists.GetPublicListEntry, request)

    def list_entries(
        self,
        *,
        list_classes: Iterable[str] = (),
        enterprise_code: str = "",
        district_codes: Iterable[str] = (),
        include_withdrawn: bool = False,
        page_size: int = 0,
    ) -> Iterator[wire.PublicListEntry]:
        """Iterate over entries, oldest first, page after page. `list_classes` are names without prefix: `["RED_CARD"]`."""
        request = wire.ListPublicListEntriesRequest(
            list_classes=[number(wire.ListClass, "LIST_CLASS_", word) for word in list_classes],
            enterprise_code=enterprise_code,
            district_codes=district_codes,
            include_withdrawn=include_withdrawn,
            page_size=page_size,
        )
        while True:
            page = self._caller.call(self._public_lists.ListPublicListEntries, request)
            yield from page.entries
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token
