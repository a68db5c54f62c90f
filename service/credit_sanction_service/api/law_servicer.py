"""LawService: the rule tables, loaded and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typing_extensions import override

from credit_sanction.v1 import law_service_pb2 as pb
from credit_sanction.v1 import law_service_pb2_grpc as service_grpc
from credit_sanction_service.api import words
from credit_sanction_service.api.guard import caller
from credit_sanction_service.api.parts import revision_message
from credit_sanction_service.api.requests import invalid, known_words, plain

if TYPE_CHECKING:
    import grpc

    from credit_sanction_service.editions import Editions
    from credit_sanction_service.store.law import StoredEdition

MOST_TEXT_BYTES: Final = 1024 * 1024


class LawServicer(service_grpc.LawServiceServicer):
    """Takes editions in as they were typed; `domain.editions` judges them."""

    def __init__(self, editions: Editions) -> None:
        self._editions = editions

    @override
    def LoadEdition(self, request: pb.LoadEditionRequest, context: grpc.ServicerContext) -> pb.LawEdition:
        size = len(request.text.encode())
        if not 1 <= size <= MOST_TEXT_BYTES:
            raise invalid("text", f"{size} bytes of UTF-8: 1 to {MOST_TEXT_BYTES} are taken")
        return _edition(self._editions.load(request.text, caller(), validate_only=request.validate_only))

    @override
    def ListEditions(self, request: pb.ListEditionsRequest, context: grpc.ServicerContext) -> pb.ListEditionsResponse:
        kinds = known_words("kinds", [words.EDITION_KIND.read(number) for number in request.kinds])
        return pb.ListEditionsResponse(editions=[_edition(stored) for stored in self._editions.list(kinds)])

    @override
    def GetEdition(self, request: pb.GetEditionRequest, context: grpc.ServicerContext) -> pb.LawEdition:
        kind = words.EDITION_KIND.read(request.kind)
        if kind is None:
            raise invalid("kind", "it is not a known kind")
        return _edition(self._editions.get(kind, plain("edition", request.edition)))


def _edition(stored: StoredEdition) -> pb.LawEdition:
    message = pb.LawEdition(
        kind=words.EDITION_KIND.write(stored.kind),
        edition=stored.name,
        text=stored.text,
        digest=stored.digest,
        loaded_by=stored.loaded_by,
        revision=revision_message(stored.revision),
    )
    message.load_time.FromDatetime(stored.loaded_at)
    return message
