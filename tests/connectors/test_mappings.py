"""The field-mapping tables: readable, whole, true to what is held, and what they make of a record."""

from dataclasses import replace
from datetime import timedelta
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from tests.samples import LAW, PENALTY_DETAILS, PUNISHER, TODAY, draft, penalty, taken_in, telling, with_decision

from credit_sanction.v1.sanction_record_pb2 import SanctionRecord
from credit_sanction_connectors.mapping import FORM_INCOMPLETE, Forms
from credit_sanction_connectors.mapping_tables import EDITIONS, UnreadableTable, read_table, table_of
from credit_sanction_connectors.mapping_values import at
from credit_sanction_connectors.port import FieldFault, Rejected
from credit_sanction_connectors.standins.penalty_form import form_faults
from credit_sanction_service.domain.terms import PenaltyKind
from credit_sanction_service.push.documents import document

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

PENALTY_EDITIONS = ("cf-2018", "cf-2016")
SOURCE = {"CF_SJLY": "虚构市工业和信息化局", "CF_SJLYDM": "11220199MADEUP0002"}


def view(*, kind: PenaltyKind = PenaltyKind.CLOSURE_ORDER, **details: str | None) -> dict[str, object]:
    """Return the public view of a record with a penalty decision, with some of its parts replaced; None: not said."""
    told = telling(penalty(TODAY - timedelta(days=40), kind=kind), **PENALTY_DETAILS, **PUNISHER)
    shown = document(taken_in(with_decision(draft(), penalty=told)), TODAY, None, LAW)
    return {**shown, "penalty": {**shown["penalty"], **details}}


def forms(edition: str, **renames: str) -> Forms:
    return Forms.of(edition, renames=renames, fixed=SOURCE if edition == "cf-2018" else {})


def written(edition: str, shown: dict[str, object], **renames: str) -> dict[str, object]:
    return forms(edition, **renames).of_document(shown).write(shown)


def faults(edition: str, shown: dict[str, object], **renames: str) -> list[FieldFault]:
    with pytest.raises(Rejected) as refusal:
        written(edition, shown, **renames)
    assert refusal.value.code == FORM_INCOMPLETE
    return list(refusal.value.faults)


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_source_of_a_table_is_something_that_is_held(edition: str) -> None:
    shown = view()
    sources = [source for row in table_of(edition).rows for source in (row.source, row.otherwise) if source]
    assert [source for source in sources if at(shown, source) is None] == []


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_path_of_a_table_is_one_that_a_caller_writes(edition: str) -> None:
    for row in table_of(edition).rows:
        if row.path:
            found: Descriptor | None = SanctionRecord.DESCRIPTOR
            for name in row.path.split("."):
                assert found, row.path
                found = found.fields_by_name[name].message_type


@pytest.mark.parametrize("edition", PENALTY_EDITIONS)
def test_a_penalty_table_has_a_word_for_every_kind(edition: str) -> None:
    rows = [row for row in table_of(edition).rows if row.source == ("penalty", "kind")]
    assert rows
    assert all(set(row.words) == {kind.value for kind in PenaltyKind} for row in rows)
    assert all(row.required_for <= set(PenaltyKind) for row in table_of(edition).rows)


def test_a_penalty_in_the_edition_of_2018() -> None:
    shown = view()
    assert written("cf-2018", shown) == {
        "CF_XDR_MC": shown["enterprise_name"],
        "CF_XDR_LB": "法人及非法人组织",
        "CF_XDR_SHXYM": shown["enterprise_code"],
        "CF_WSH": "虚构停产字1号",
        "CF_WFXW": "逾期未淘汰落后生产工艺装备",
        "CF_SY": "责令期限届满后仍在生产",
        "CF_YJ": "《虚构规定》第一条",
        "CF_CFLB": "责令停产停业;罚款;没收违法所得、没收非法财物",
        "CF_NR": "责令停产停业，处罚款2000元",
        "CF_NR_FK": "0.2",
        "CF_NR_WFFF": "12.345678",
        "CF_NR_ZKDX": "虚构安许证〔2020〕1号",
        "CF_JDRQ": "2026/10/14",
        "CF_YXQ": "2099/12/31",
        "CF_GSJZQ": str(shown["publication_end"]).replace("-", "/"),
        "CF_CFJG": PUNISHER["authority_name"],
        "CF_CFJGDM": PUNISHER["authority_code"],
        **SOURCE,
    }


def test_a_penalty_in_the_edition_of_2016() -> None:
    shown = view()
    assert written("cf-2016", shown) == {
        "CF_WSH": "虚构停产字1号",
        "CF_CFMC": "逾期未淘汰落后生产工艺装备",
        "CF_CFLB1": "责令停产停业",
        "CF_CFLB2": "罚款;没收违法所得、没收非法财物",
        "CF_SY": "责令期限届满后仍在生产",
        "CF_YJ": "《虚构规定》第一条",
        "CF_XDR_MC": shown["enterprise_name"],
        "CF_XDR_SHXYM": shown["enterprise_code"],
        "CF_JG": "责令停产停业，处罚款2000元",
        "CF_JDRQ": "2026/10/14",
        "CF_XZJG": PUNISHER["authority_name"],
        "CF_ZT": "0",
        "DFBM": "220113",
        "SJC": "2026/11/23 00:00:00",
        "CF_SYFW": "0",
        "CF_QX": "2099/12/31",
        "CF_GSJZQ": str(shown["publication_end"]).replace("-", "/"),
    }


@pytest.mark.parametrize("edition", PENALTY_EDITIONS)
@pytest.mark.parametrize("kind", PenaltyKind)
@pytest.mark.parametrize("disputed", [False, True])
def test_what_is_written_is_what_the_stand_in_demands(edition: str, kind: PenaltyKind, *, disputed: bool) -> None:
    for absent in ({}, {"fine": None, "confiscated": None, "authority_name": None, "authority_code": None}):
        assert form_faults(edition, written(edition, {**view(kind=kind, **absent), "disputed": disputed})) == []


def test_the_status_of_2016_and_the_remark_of_2018_say_a_dispute() -> None:
    disputed = {**view(), "disputed": True}
    assert (written("cf-2016", disputed)["CF_ZT"], written("cf-2016", disputed)["BZ"]) == ("2", "异议处理中")
    assert written("cf-2018", disputed)["BZ"] == "异议处理中"


@pytest.mark.parametrize(
    ("state", "status", "remark"),
    [
        ("REVOKED", "1", "撤销、停止公示"),
        ("LIFTED", "3", "移出、停止公示"),
        ("EXPIRED", "3", "期满移出、停止公示"),
        ("SUSPENDED", "3", "暂停执行、停止公示"),
        ("LISTED", "3", "停止公示"),  # the target is no longer told of it
        (None, "3", "停止公示"),
        ([], "3", "停止公示"),
    ],
)
def test_only_what_was_revoked_is_withdrawn_as_that_and_all_else_leaves_the_decision_standing(
    state: object, status: str, remark: str
) -> None:
    gone = {**view(), "state": state, "disputed": True}
    assert forms("cf-2016").of_document(gone).withdrawn(gone) == {"CF_ZT": status, "BZ": remark}
    assert forms("cf-2018").of_document(gone).withdrawn(gone) == {}


def test_who_punished_is_the_authority_of_the_listing_where_nobody_else_is_named() -> None:
    shown = view(authority_name=None, authority_code=None)
    item = written("cf-2018", shown)
    assert (item["CF_CFJG"], item["CF_CFJGDM"]) == (shown["authority_name"], shown["authority_code"])
    assert written("cf-2016", shown)["CF_XZJG"] == shown["authority_name"]


def test_the_category_of_the_party_goes_by_its_code() -> None:
    code = str(view()["enterprise_code"])
    for prefix, category in (("91", "法人及非法人组织"), ("92", "个体工商户"), ("12", "法人及非法人组织")):
        assert written("cf-2018", {**view(), "enterprise_code": prefix + code[2:]})["CF_XDR_LB"] == category


def test_what_is_not_published_is_for_departments_alone() -> None:
    assert written("cf-2016", {**view(), "publication_end": None})["CF_SYFW"] == "1"


def test_a_penalty_is_open_ended_only_where_that_was_said() -> None:
    for edition, field in (("cf-2018", "CF_YXQ"), ("cf-2016", "CF_QX")):
        assert written(edition, view())[field] == "2099/12/31"
        assert written(edition, view(valid_until="2027-01-31"))[field] == "2027/01/31"
    (fault,) = faults("cf-2018", view(valid_until=None))
    assert (fault.field, fault.path) == ("CF_YXQ", "decision.penalty.valid_until")
    assert "CF_QX" not in written("cf-2016", view(valid_until=None))


def test_amounts_are_plain_decimals_and_nought_is_no_category() -> None:
    for told, said in (("0.200000", "0.2"), ("10", "10"), ("0010.50", "10.5"), ("0", "0"), ("0.000001", "0.000001")):
        assert written("cf-2018", view(fine=told))["CF_NR_FK"] == said
    assert written("cf-2018", view(fine="0", confiscated=None))["CF_CFLB"] == "责令停产停业"


def test_every_missing_item_is_named_in_both_tongues() -> None:
    bare = view(violation=None, facts=None, basis=None, content=None, licence=None)
    assert [(fault.field, fault.path.rpartition(".")[2]) for fault in faults("cf-2018", bare)] == [
        ("CF_WFXW", "violation"),
        ("CF_SY", "facts"),
        ("CF_YJ", "basis"),
        ("CF_NR", "content"),
    ]
    (revoked,) = faults("cf-2018", view(kind=PenaltyKind.LICENCE_REVOKED, licence=None))
    assert revoked == FieldFault(
        field="CF_NR_ZKDX",
        path="decision.penalty.licence",
        words="暂扣或吊销证照名称及编号 is missing; cf-2018 demands it",
    )


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"enterprise_code": "91220199"}, "CF_XDR_SHXYM", "is no code of 18 letters and digits"),
        ({"enterprise_name": "虚" * 201}, "CF_XDR_MC", "has 201 characters; the field takes 200"),
        ({"enterprise_name": 7}, "CF_XDR_MC", "is not text"),
        ({"penalty": view(authority_code="91220199MADEUP0001")["penalty"]}, "CF_CFJGDM", "does not start with 11"),
        ({"publication_end": "31.12.2027"}, "CF_GSJZQ", "is no day YYYY-MM-DD"),
        ({"publication_end": "2027-02-30"}, "CF_GSJZQ", "is no day YYYY-MM-DD"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, object], field: str, words: str) -> None:
    (fault,) = faults("cf-2018", {**view(), **change})
    assert (fault.field, fault.words.endswith(words)) == (field, True)


@pytest.mark.parametrize("amount", ["1e3", "-1", "0.1234567", "1234567890123", "十", "1,000", ""])
def test_an_amount_that_does_not_fit_is_named_and_an_empty_one_is_none(amount: str) -> None:
    if amount:
        assert [fault.field for fault in faults("cf-2018", view(fine=amount))] == ["CF_NR_FK"]
    else:
        assert "CF_NR_FK" not in written("cf-2018", view(fine=amount))


def test_a_kind_without_a_word_is_named() -> None:
    shown = view()
    unknown = {**shown, "penalty": {"kind": "WARNING", "document_number": "虚构警字1号"}}
    assert {"CF_CFLB1", "CF_CFLB2"} < {fault.field for fault in faults("cf-2016", unknown)}


@pytest.mark.parametrize("edition", PENALTY_EDITIONS)
def test_without_a_penalty_a_record_goes_as_a_list_record_and_says_nothing_of_one(edition: str) -> None:
    told = {**view(), "penalty": None}
    form = forms(edition).of_document(told)
    assert form.table.edition == "list-record"
    assert not any(field.startswith("CF_") for field in form.write(told))


def test_a_list_record_carries_what_the_order_of_2017_asks_for_and_nothing_unlisted() -> None:
    told = written("list-record", {**view(), "unheard_of": "x"})
    assert {
        "subject_name",
        "cause",
        "determined_by",
        "determined_by_document",
        "determined_on",
        "valid_until",
    } < told.keys()
    assert told["penalty"] == view()["penalty"]
    assert "unheard_of" not in told


def test_a_renamed_field_is_written_and_read_under_the_platforms_name() -> None:
    told = forms("cf-2018", CF_FRDB="CF_FDDB", CF_WSH="CF_JDSWSH")
    item = told.of_document(view()).write(view())
    assert "CF_WSH" not in item
    assert item["CF_JDSWSH"] == "虚构停产字1号"
    assert told.path_of("cf_jdswsh") == "decision.penalty.document_number"
    assert told.path_of("determined_by_document") == "decision.document_number"
    assert (told.path_of("CF_WSH"), told.path_of("CF_FDDB"), told.path_of("nothing")) == ("", "", "")
    fault = faults("cf-2018", view(facts=None), CF_SY="CF_WFSS")[0]
    assert (fault.field, fault.path) == ("CF_WFSS", "decision.penalty.facts")


def test_the_legal_representative_is_optional_by_the_table_and_the_reason_stands_there() -> None:
    rows = {row.field: row for edition in PENALTY_EDITIONS for row in table_of(edition).rows}
    for field in ("CF_FRDB", "CF_FR"):
        assert not rows[field].required
        assert "personal data" in rows[field].left_out


HEAD = 'edition = "e"\nformat = 1\nform = "PENALTY"\ndates = "YYYY-MM-DD"\nsource = []\n'
ROW = '[[field]]\nfield = "A"\nname = "甲"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("edition = ", "e: is not TOML: "),
        ("", "e: dates, edition, field, form, format, source: unknown or missing; expected exactly"),
        (HEAD + ROW + 'from = "a"\n[other]\n', "e: other: unknown or missing; expected exactly"),
        (HEAD.replace("= 1", "= 2") + ROW, "e: format: is 2; expected 1"),
        (HEAD.replace("PENALTY", "X") + ROW, "e: form: is 'X'; expected one of LIST_RECORD, PENALTY"),
        (HEAD.replace("YYYY-MM-DD", "D") + ROW, "e: dates: is 'D'; expected one of YYYY-MM-DD, "),
        (HEAD + "field = []\n", "e: field: expected [[field]], at least one"),
        (HEAD + ROW, "e: A: expected exactly one of from, value, fixed, left_out"),
        (HEAD + ROW + 'from = "a"\nvalue = "b"\n', "e: A: expected exactly one of from, value, fixed, left_out"),
        (
            HEAD + ROW + 'from = "a"\nlenght = 3\n',
            "e: A: lenght: unknown key of a field of type text; expected some of",
        ),
        (HEAD + ROW + 'from = "a"\nlength = "3"\n', "e: A: length: is '3'; expected int"),
        (HEAD + ROW + 'from = "a"\nlength = -1\n', "e: A: length, digits, decimals: expected numbers from 0"),
        (HEAD + ROW + 'from = "a"\ntype = "money"\n', "e: A: type: is 'money'; expected one of text, code, date, "),
        (HEAD + ROW + 'from = "a"\ntype = "code"\n', "e: A: length: missing; a field of type code needs it"),
        (HEAD + ROW + 'from = "a"\ntype = "amount"\ndigits = 1\ndecimals = 2\n', "e: A: length, digits, decimals"),
        (HEAD + ROW + 'value = "a"\ntype = "date"\n', "e: A: type: is date without from; expected text or code"),
        (
            HEAD + ROW + 'from = "a"\ntype = "state"\nwords = { GONE = "1" }\n',
            "e: A: words: expected words for DISPUTED",
        ),
        (
            HEAD + ROW + 'from = "a"\ntype = "state"\nwords = { DISPUTED = 1 }\n',
            "e: A: words: expected a table of words",
        ),
        (HEAD + ROW + 'value = "a"\notherwise = "b"\n', "e: A: otherwise: stands without from; expected it"),
        (HEAD + ROW + 'left_out = "why"\nrequired = true\n', "e: A: left_out: stands beside required"),
        (HEAD + ROW + 'from = "a"\nrequired_for = "A"\n', "e: A: required_for: expected a list of texts"),
        (HEAD + 2 * (ROW + 'from = "a"\n'), "e: A: stands twice; expected each field once"),
        (HEAD + '[[field]]\nname = "甲"\nfrom = "a"\n', "e: field 1: field: missing"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UnreadableTable) as refusal:
        read_table(text, "e")
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)


def test_every_file_among_the_tables_is_an_edition() -> None:
    folder = resources.files("credit_sanction_connectors").joinpath("mappings")
    assert {file.name for file in folder.iterdir()} == {f"{edition}.toml" for edition in EDITIONS}
    for edition in EDITIONS:
        table = table_of(edition)
        assert replace(table) == table  # frozen values all the way: one table serves every target
        assert len({row.field for row in table.rows}) == len(table.rows)
