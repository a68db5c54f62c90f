"""The command: what it prints, what it exits with, and that what it prints back is harmless."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

import credit_sanction
from credit_sanction import spreadsheet, types
from credit_sanction.__main__ import main
from credit_sanction.spreadsheet import masked
from credit_sanction.v1 import error_reason_pb2, measure_pb2, revision_pb2
from credit_sanction.v1 import restriction_service_pb2 as lookup_wire
from credit_sanction.v1 import sanction_record_service_pb2 as wire
from credit_sanction.v1.law_service_pb2 import EditionKind

if TYPE_CHECKING:
    from tests.sdk.loopback import Loopback

CODE = "91220101FAKE000130"
CITIZEN = "990000190001010294"  # a place that there is not


def tell(service: Loopback, verdict: lookup_wire.Verdict.ValueType) -> None:
    answer = lookup_wire.RestrictionAnswer(code=CODE, name="虚构\x1b[31m", verdict=verdict, explanations=["说明"])
    basis = lookup_wire.AnswerBasis(revision=revision_pb2.Revision(epoch=1, number=5), as_of_date="2026-11-23")
    service.on("CheckRestrictions", lambda _: lookup_wire.CheckRestrictionsResponse(answer=answer, basis=basis))


def take_in(request: wire.BatchCreateSanctionRecordsRequest) -> wire.BatchCreateSanctionRecordsResponse:
    response = wire.BatchCreateSanctionRecordsResponse()
    for number, record in enumerate(request.records):
        match record.enterprise.code:
            case "refused":
                violation = error_reason_pb2.FieldViolation(
                    field="enterprise.code", description="no code", rule="GB 32100"
                )
                fault = error_reason_pb2.ItemError(message="refused", violations=[violation])
                response.results.add(error=fault)
            case "doubtful":
                doubt = types.Quarantine(description="an old number", rule="GB 32100")
                held = types.SanctionRecord(
                    name=f"sanctionRecords/{number}",
                    state=types.RecordState.RECORD_STATE_QUARANTINED,
                    quarantine=doubt,
                )
                response.results.add(record=held)
            case _:
                listed = types.SanctionRecord(
                    name=f"sanctionRecords/{number}", state=types.RecordState.RECORD_STATE_LISTED
                )
                response.results.add(record=listed)
    return response


def refuse_all(request: wire.BatchCreateSanctionRecordsRequest) -> wire.BatchCreateSanctionRecordsResponse:
    response = wire.BatchCreateSanctionRecordsResponse()
    for record in request.records:
        response.results.add(error=error_reason_pb2.ItemError(message=f"{record.enterprise.code} is refused"))
    return response


def sheet_file(path: Path, *codes: str) -> Path:
    headings = [column.chinese for column in spreadsheet.COLUMNS]
    rows = [[code, "=虚构", *[""] * (len(headings) - 2)] for code in codes]
    file = path / "sheet.csv"
    file.write_text("\n".join(",".join(row) for row in [headings, *rows]), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (lookup_wire.VERDICT_CLEAR, 0),
        (lookup_wire.VERDICT_RESTRICTED, 3),
        (lookup_wire.VERDICT_UNKNOWN, 4),
        (lookup_wire.VERDICT_ADVISORY, 5),
        (lookup_wire.VERDICT_UNSPECIFIED, 4),
    ],
)
def test_the_exit_code_is_the_verdict(
    service: Loopback, capsys: pytest.CaptureFixture[str], verdict: lookup_wire.Verdict.ValueType, code: int
) -> None:
    tell(service, verdict)
    assert main(["check", CODE, "--area", "loans", "--address", service.address]) == code
    printed = capsys.readouterr().out
    assert CODE in printed
    assert "revision 1:5" in printed
    assert "\x1b" not in printed


def test_an_answer_is_one_json_object(service: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    tell(service, lookup_wire.VERDICT_ADVISORY)
    main(["check", CODE, "--json", "--as-of", "2026-11-23", "--address", service.address])
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["revision"], told["as_of_date"]) == (
        "ADVISORY",
        {"epoch": 1, "number": 5},
        "2026-11-23",
    )


def test_what_is_to_be_done_by_whom_and_what_a_lender_is_told_have_a_line_each(
    service: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    restriction = lookup_wire.Restriction(
        area=measure_pb2.AREA_FINANCING_CREDIT,
        binding=True,
        directive_zh="不得提供新增授信",
        actions=[measure_pb2.ACTION_REFUSE_NEW_CREDIT, measure_pb2.ACTION_REDUCE_EXISTING_LOANS],
        demands=[
            lookup_wire.Demand(
                action=measure_pb2.ACTION_REFUSE_NEW_CREDIT,
                binding=True,
                legal_basis=measure_pb2.LegalBasis(document="国发〔2010〕7号", article="四(三)"),
            ),
            lookup_wire.Demand(
                action=measure_pb2.ACTION_REDUCE_EXISTING_LOANS,
                legal_basis=measure_pb2.LegalBasis(document="银发〔2016〕118号", article="落后产能"),
            ),
        ],
        executing_department="金融局、银行业金融机构",
    )
    answer = lookup_wire.RestrictionAnswer(
        code=CODE,
        verdict=lookup_wire.VERDICT_RESTRICTED,
        restrictions=[restriction],
        credit_directions=[lookup_wire.CREDIT_DIRECTION_SUPPORT, lookup_wire.CREDIT_DIRECTION_REFUSE_NEW_CREDIT],
        supports=[
            lookup_wire.Support(
                obligation="exitObligations/7", declared_on="2026-11-01", document_number="长虚1号", item="2号高炉"
            )
        ],
    )
    basis = lookup_wire.AnswerBasis(
        law=[lookup_wire.EditionInUse(kind=EditionKind.EDITION_KIND_LIMITS, edition="2026-1")]
    )
    service.on("CheckRestrictions", lambda _: lookup_wire.CheckRestrictionsResponse(answer=answer, basis=basis))
    assert main(["check", CODE, "--address", service.address]) == 3
    printed = capsys.readouterr().out.splitlines()
    assert "    措施 action: REFUSE_NEW_CREDIT, 有约束力 binding, 国发〔2010〕7号 四(三)" in printed
    assert "    措施 action: REDUCE_EXISTING_LOANS, 提示性 advisory, 银发〔2016〕118号 落后产能" in printed
    assert "    执行部门 carried out by: 金融局、银行业金融机构" in printed
    assert "  信贷方向 credit: SUPPORT 予以支持, REFUSE_NEW_CREDIT 不得新增授信" in printed
    assert "  积极退出 active exit: 2号高炉, exitObligations/7, 2026-11-01, 长虚1号" in printed
    assert main(["check", CODE, "--json", "--address", service.address]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["credit_directions"] == ["SUPPORT", "REFUSE_NEW_CREDIT"]
    assert told["law"] == {"LIMITS": "2026-1"}
    assert not any("left off" in line for line in printed)
    brief = lookup_wire.RestrictionAnswer(code=CODE, verdict=lookup_wire.VERDICT_RESTRICTED, details_omitted=True)
    service.on("CheckRestrictions", lambda _: lookup_wire.CheckRestrictionsResponse(answer=brief))
    assert main(["check", CODE, "--address", service.address]) == 3
    assert "ask again in fewer areas" in capsys.readouterr().out


def test_what_rests_or_is_over_is_told_with_what_it_was(service: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    answer = lookup_wire.RestrictionAnswer(code=CODE, verdict=lookup_wire.VERDICT_CLEAR)
    for state, bound in (("SUSPENDED", True), ("ENDED", True), ("ENDED", False)):
        one = answer.restrictions.add(
            bound=bound, state=lookup_wire.RestrictionState.Value(f"RESTRICTION_STATE_{state}")
        )
        one.demands.add(action=measure_pb2.ACTION_REFUSE_NEW_CREDIT, bound=bound)
    service.on("CheckRestrictions", lambda _: lookup_wire.CheckRestrictionsResponse(answer=answer))
    assert main(["check", CODE, "--include-ended", "--address", service.address]) == 0
    printed = capsys.readouterr().out
    for told in (
        "中止前有约束力 suspended, else binding",
        "原有约束力 ended, was binding",
        "原为提示性 ended, was advisory",
    ):
        assert printed.count(told) == 2
    assert "提示性 advisory" not in printed


def test_a_purpose_without_a_receipt_is_refused(service: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", CODE, "--purpose", "虚构授信", "--address", service.address]) == 2
    assert "--receipt FILE" in capsys.readouterr().err
    assert not service.arrivals


def test_land_is_asked_about_for_a_purpose(service: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    tell(service, lookup_wire.VERDICT_CLEAR)
    for more in ([], ["--land-purpose", "exit-disposal", "--as-of", "2026-10-01"]):
        assert main(["check", CODE, "--area", "LAND", "--address", service.address, *more]) == 0
    plain, disposal = service.requests(lookup_wire.CheckRestrictionsRequest)
    assert plain.land_purpose == lookup_wire.LAND_PURPOSE_NEW_SUPPLY
    assert disposal.land_purpose == lookup_wire.LAND_PURPOSE_EXIT_DISPOSAL
    assert disposal.consistency.as_of_date == "2026-10-01"
    with pytest.raises(SystemExit, match="2"):
        main(["check", CODE, "--land-purpose", "golf"])
    assert "exit-disposal" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, 1),
        (grpc.StatusCode.PERMISSION_DENIED, 2),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 6),
    ],
)
def test_a_refusal_is_a_sentence_and_never_a_verdict(
    service: Loopback, capsys: pytest.CaptureFixture[str], status: grpc.StatusCode, code: int
) -> None:
    service.fail(status, "the reason")
    assert main(["check", CODE, "--address", service.address]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"credit-sanction: {status.name}: the reason\n"


def test_a_token_that_is_missing_or_unknown_is_told_in_words_of_the_command(
    service: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.fail(grpc.StatusCode.UNAUTHENTICATED, "no token: send `authorization: Bearer …`", times=2)
    assert main(["check", CODE, "--address", service.address]) == 2
    told = capsys.readouterr().err
    assert told.startswith("credit-sanction: the service wants a token: name the file")
    assert "--token-file or CREDIT_SANCTION_TOKEN_FILE" in told
    token = tmp_path / "token"
    token.write_text("withdrawn", encoding="utf-8")
    service.failures[0] = (grpc.StatusCode.UNAUTHENTICATED, "the token was withdrawn", None)
    assert main(["check", CODE, "--address", service.address, "--token-file", str(token)]) == 2
    assert capsys.readouterr().err == "credit-sanction: UNAUTHENTICATED: the token was withdrawn\n"


def test_wrong_usage_is_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", CODE, "--area", "water", "--address", "127.0.0.1:1"]) == 2
    assert main(["check", CODE, "--address", "nowhere"]) == 2
    assert main(["check", CODE, "--token-file", str(tmp_path / "none")]) == 2
    assert main(["import", str(tmp_path / "none.csv")]) == 2
    with pytest.raises(SystemExit, match="2"):
        main([])
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "Errno" not in told
    assert f"the token file {tmp_path / 'none'} cannot be read: No such file or directory" in told


def test_an_import_says_what_became_of_each_row(
    service: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.on("BatchCreateSanctionRecords", take_in)
    file = sheet_file(tmp_path, CODE, "refused", "doubtful")
    file.write_text(file.read_text(encoding="utf-8") + "\nX,Y,Z" + "," * 11 + "噪声" * 2, encoding="utf-8")
    report = tmp_path / "report.csv"
    arguments = ["import", str(file), "--address", service.address, "--request-id", "again"]
    assert main([*arguments, "--report", str(report)]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "line 3: refused  refused  =虚构"
    assert printed[1] == "    enterprise.code: no code [GB 32100]"
    assert printed[2] == "line 4: quarantined  doubtful  =虚构"
    assert printed[4] == "line 5: refused  X  Y"
    assert printed[-1] == "4 rows: 1 accepted, 1 quarantined, 2 refused"
    assert [request.request_id for request in service.requests(wire.BatchCreateSanctionRecordsRequest)] == ["again"]
    back = report.read_text(encoding="utf-8-sig").splitlines()
    assert back[0].endswith("line,fate,record,reasons")
    assert back[1].startswith(f"{CODE},'=虚构,")
    assert back[1].endswith(",2,accepted,sanctionRecords/0,")


@pytest.mark.parametrize("number", [CITIZEN, "99000019 0001-01029４", " ９９００００１９０００１０１０２９４"])
def test_a_citizens_number_is_never_shown_again(
    service: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    service.on("BatchCreateSanctionRecords", refuse_all)
    file, report = sheet_file(tmp_path, number, CODE), tmp_path / "report.csv"
    for more in ([], ["--json"]):
        arguments = ["import", str(file), "--address", service.address, "--report", str(report), *more]
        assert main(arguments) == 1
        for shown in (capsys.readouterr().out, report.read_text(encoding="utf-8")):
            assert "990000************" in shown
            assert CODE in shown
            assert "0102" not in shown
            assert number not in shown


def test_what_is_no_citizens_number_is_shown_as_it_is() -> None:
    for text in (CODE, CITIZEN[:-1] + "5", CITIZEN + "7", "990000190013010294", "2026-11-23 2026-11-24 12"):
        assert masked(text) == text
    assert masked(f"身份证{CITIZEN}，{CITIZEN}") == "身份证990000************，990000************"


def test_an_import_is_one_json_object(service: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    service.on("BatchCreateSanctionRecords", take_in)
    file = str(sheet_file(tmp_path, CODE, "doubtful"))
    assert main(["import", file, "--json", "--validate-only", "--address", service.address]) == 0
    told = json.loads(capsys.readouterr().out)
    results = told.pop("results")
    assert told == {"rows": 2, "accepted": 1, "quarantined": 1, "refused": 0, "validate_only": True}
    assert [result["line"] for result in results] == [2, 3]
    (request,) = service.requests(wire.BatchCreateSanctionRecordsRequest)
    assert request.validate_only


def test_a_file_that_is_no_sheet_sends_nothing(
    service: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "no.csv"
    file.write_bytes(b"a,b\n1,2\n")
    assert main(["import", str(file), "--address", service.address]) == 1
    assert capsys.readouterr().err == (
        f"credit-sanction: {file}: line 1: it is no record sheet: the first row names no column of one\n"
    )
    assert not service.arrivals


def test_an_import_that_broke_off_says_how_to_go_on(
    service: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.fail(grpc.StatusCode.DEADLINE_EXCEEDED, "too late")
    arguments = ["import", str(sheet_file(tmp_path, CODE)), "--address", service.address]
    assert main(arguments) == 6
    (request,) = service.requests(wire.BatchCreateSanctionRecordsRequest)
    assert f"--request-id {request.request_id}" in capsys.readouterr().err


def test_address_and_token_come_from_the_environment_too(service: Loopback, tmp_path: Path) -> None:
    tell(service, lookup_wire.VERDICT_CLEAR)
    token = tmp_path / "token"
    token.write_text("from-file\n", encoding="utf-8")
    environment = {
        **os.environ,
        "CREDIT_SANCTION_ADDRESS": service.address,
        "CREDIT_SANCTION_TOKEN": "from-environment",
        "PYTHONPATH": str(Path(next(iter(credit_sanction.__path__))).parent),
        "PYTHONIOENCODING": "ascii",  # a console without Chinese
    }
    command = [sys.executable, "-m", "credit_sanction", "check", CODE]
    by_file = {**environment, "CREDIT_SANCTION_TOKEN_FILE": str(token)}
    for more, env in (([], environment), ([], by_file), (["--token-file", str(token)], environment)):
        done = subprocess.run([*command, *more], env=env, check=True, capture_output=True)
        assert rb"\u865a" in done.stdout
    tokens = [arrival.metadata["authorization"] for arrival in service.arrivals]
    assert tokens == ["Bearer from-environment", "Bearer from-file", "Bearer from-file"]
