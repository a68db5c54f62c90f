"""PublicListService: the lists that are not joint punishment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from credit_sanction.v1 import public_list_service_pb2 as pb
from credit_sanction.v1 import public_list_service_pb2_grpc as service_grpc
from credit_sanction_service.api import words
from credit_sanction_service.api.drafts import district_draft, enterprise_draft
from credit_sanction_service.api.parts import (
    authority_message,
    district_message,
    enterprise_message,
    iso,
    revision_message,
)
from credit_sanction_service.api.requests import (
    invalid,
    known_words,
    page_size,
    plain,
    plain_texts,
    read_token,
    seal_of,
    typed_code,
    write_call,
    write_token,
)
from credit_sanction_service.domain.faults import NotFound
from credit_sanction_service.domain.public_lists import EntryDraft, WithdrawalDraft
from credit_sanction_service.store.public_lists import EntryQuery

if TYPE_CHECKING:
    import grpc

    from credit_sanction_service.domain.public_lists import Withdrawal
    from credit_sanction_service.public_lists import PublicLists
    from credit_sanction_service.store.public_lists import StoredEntry


class PublicListServicer(service_grpc.PublicListServiceServicer):
    """Publishes and withdraws entries, and shows them to every caller."""

    def __init__(self, public_lists: PublicLists) -> None:
        self._public_lists = public_lists

    @override
    def PublishPublicListEntry(
        self, request: pb.PublishPublicListEntryRequest, context: grpc.ServicerContext
    ) -> pb.PublicListEntry:
        call = write_call("PublishPublicListEntry", request)
        return _entry(self._public_lists.publish(_entry_draft(request.entry), call))

    @override
    def WithdrawPublicListEntry(
        self, request: pb.WithdrawPublicListEntryRequest, context: grpc.ServicerContext
    ) -> pb.PublicListEntry:
        given = request.withdrawal
        draft = WithdrawalDraft(document_number=given.document_number, date=given.date, reason=given.reason)
        call = write_call("WithdrawPublicListEntry", request)
        return _entry(self._public_lists.withdraw(_entry_id(request.name), request.version, draft, call))

    @override
    def GetPublicListEntry(
        self, request: pb.GetPublicListEntryRequest, context: grpc.ServicerContext
    ) -> pb.PublicListEntry:
        return _entry(self._public_lists.get(_entry_id(request.name)))

    @override
    def ListPublicListEntries(
        self, request: pb.ListPublicListEntriesRequest, context: grpc.ServicerContext
    ) -> pb.ListPublicListEntriesResponse:
        size, seal = page_size(request.page_size), seal_of(request)
        after = read_token(request.page_token, seal, parts=1)
        query = EntryQuery(
            number=typed_code("enterprise_code", request.enterprise_code),
            list_classes=known_words("list_classes", [words.LIST_CLASS.read(each) for each in request.list_classes]),
            districts=plain_texts("district_codes", request.district_codes),
            withdrawn=request.include_withdrawn,
            after=after[0] if after else "",
            limit=size + 1,
        )
        page = self._public_lists.page(query)
        return pb.ListPublicListEntriesResponse(
            entries=[_entry(stored) for stored in page[:size]],
            next_page_token=write_token([page[size - 1].entry.id], seal) if len(page) > size else "",
        )


def _entry_id(name: str) -> str:
    collection, slash, identifier = plain("name", name).partition("/")
    if collection != "publicListEntries" or not slash or not identifier:
        raise invalid("name", "it is not of the form publicListEntries/{id}")
    if "/" in identifier:
        raise NotFound("list entry", name)
    return identifier


def _entry_draft(message: pb.PublicListEntry) -> EntryDraft:
    return EntryDraft(
        list_class=words.LIST_CLASS.read(message.list_class),
        enterprise=enterprise_draft(message.enterprise),
        item=message.item,
        authority_code=message.authority.code,
        authority_name=message.authority.name,
        district=district_draft(message.responsible_district),
        document_number=message.document_number,
        date=message.date,
        reason=message.reason,
    )


def _entry(stored: StoredEntry) -> pb.PublicListEntry:
    entry = stored.entry
    message = pb.PublicListEntry(
        name=entry.name,
        list_class=words.LIST_CLASS.write(entry.list_class),
        enterprise=enterprise_message(entry.enterprise),
        item=entry.item,
        authority=authority_message(entry.authority),
        responsible_district=district_message(entry.district),
        document_number=entry.document_number,
        date=iso(entry.published_on),
        reason=entry.reason,
        withdrawn=entry.withdrawn,
        withdrawal=_withdrawal(entry.withdrawal),
        version=entry.version,
        warnings=entry.warnings,
        revision=revision_message(stored.revision),
    )
    message.create_time.FromDatetime(stored.created_at)
    message.update_time.FromDatetime(stored.updated_at)
    return message


def _withdrawal(withdrawal: Withdrawal | None) -> pb.Withdrawal | None:
    if withdrawal is None:
        return None
    return pb.Withdrawal(
        document_number=withdrawal.document_number, date=iso(withdrawal.decided_on), reason=withdrawal.reason
    )
