"""Lists of codes as people keep them, and codes as the service judges them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction import ClientError
from credit_sanction._code_lists import Listed, read_list
from credit_sanction._codes import judge
from credit_sanction_service.domain import identifiers

CODE = "91220101FAKE000130"
OTHER = "91220101FAKE002592"
NAME = "长春市虚构一号钢铁有限公司"


def read(data: bytes) -> list[Listed]:
    return list(read_list(io.BytesIO(data), "list.csv"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize(
    "text",
    [
        f"\n{CODE},{NAME}\r\n{OTHER}\r\n",
        f"企业名称;统一社会信用代码（必填）;文号\n{NAME};{CODE};1\n;'{OTHER}\n",
        f'sep=\t\n{CODE}\t"{NAME}"\n="{OTHER}"\t',
    ],
)
def test_a_list_is_read_as_it_is_kept(text: str, encoding: str) -> None:
    assert read(text.encode(encoding)) == [Listed(line=2, code=CODE, name=NAME), Listed(line=3, code=OTHER)]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_the_encoding_shows_where_it_will(encoding: str) -> None:
    many = [CODE] * 6_000  # beyond the first chunk, and so cut within lines and characters
    lines = [*many, f"{OTHER},{NAME}", *(f"{CODE},{NAME}" for _ in range(6_000))]
    listed = read("\n".join(lines).encode(encoding))
    assert [one.line for one in listed] == list(range(1, len(lines) + 1))
    assert {one.name for one in listed[6_000:]} == {NAME}
    assert not any(one.fault for one in listed)


def test_a_line_at_fault_costs_only_itself() -> None:
    lines = [f"{CODE},{NAME}".encode(), b"9122\xff,", f'"{OTHER}'.encode(), b",only a name", CODE.encode()]
    listed = read(b"\n".join(lines))
    assert [one.line for one in listed] == [1, 2, 3, 4, 5]
    assert ["cannot be read" in listed[1].fault, "not CSV" in listed[2].fault] == [True, True]
    assert [one.fault for one in (listed[0], listed[3], listed[4])] == ["", "code: it is empty", ""]
    assert read(b"") == read(b"\n\n") == []


def test_no_line_disappears_within_another() -> None:
    (swallowed, last) = read(f'{CODE},"{NAME}\n{OTHER},"\n{OTHER}\n'.encode())
    assert (swallowed.line, last) == (1, Listed(line=3, code=OTHER))
    assert "it goes on to line 2: a quotation mark is missing" in swallowed.fault
    assert read(f'"统一社会信用\n代码",企业名称\n{CODE},{NAME}\n'.encode()) == [Listed(line=3, code=CODE, name=NAME)]
    with pytest.raises(ClientError, match="line 1: the headings go on to line 2"):
        read(f'统一社会信用代码,"企业名称\n{CODE},{NAME}"\n'.encode())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04", "list.csv is a workbook"),
        ("企业名称,文号\n".encode(), "list.csv, line 1: the row names columns"),
        ("统一社会信用代码,统一社会信用代码\n".encode(), "line 1: two columns are called 统一社会信用代码"),
        (b"9" * 2_000_000, "list.csv has a line of more than"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ClientError, match=said):
        read(data)


def right(body: str) -> str:
    """Return a code with both check characters put right, as far as its characters allow it."""
    whole = body[:16] + identifiers.organisation_check_character(body[8:16])
    try:
        return whole + identifiers.uscc_check_character(whole)
    except KeyError:
        return whole + "0"


CODES = st.one_of(
    st.text("0123456789ABCXOIZx -‐（é中", max_size=20),
    st.from_regex(r"[0-9]{9}|[0-9]{12}|[0-9]{15}|[0-9]{70}", fullmatch=True),
    st.from_regex(r"[1359AY0][0-9A-Z][0-9]{6}[0-9A-HJ]{8}", fullmatch=True).map(right),
    st.from_regex(r"[0-9]{6}(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-2][0-9][0-9]{3}[0-9X]", fullmatch=True),
    st.from_regex(r"[0-9]{6}[0-9A-Z]{8}", fullmatch=True).map(
        lambda body: body + identifiers.organisation_check_character(body[6:])
    ),
)


@given(typed=CODES)
def test_a_copy_judges_codes_as_the_service_does(typed: str) -> None:
    here, there = judge(typed), identifiers.judge(typed)
    assert bool(here.fault) == (there.judgement is identifiers.Judgement.REFUSED)
    if not here.fault:
        assert here.value == there.value
        assert bool(here.doubt) == (there.judgement is identifiers.Judgement.QUARANTINED)
        assert here.numbers[-1] == (there.organisation_code or there.value)
