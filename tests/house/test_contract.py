"""The contract explains itself: everything in it has a comment with the field's Chinese term."""

import re

import pytest
from tests.house.project import ROOT

FILES = sorted((ROOT / "proto").rglob("*.proto"))
DECLARED = re.compile(r"\s*((message|enum|rpc|service|oneof) |(repeated )?[\w.]+ \w+ = \d+;|[A-Z][A-Z0-9_]+ = \d+;)")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_everything_has_a_comment_with_its_chinese_term(path: object) -> None:
    lines = path.read_text("utf-8").splitlines()  # type: ignore[attr-defined]
    comment, bare = "", []
    for line in lines:
        if line.strip().startswith("//"):
            comment += line
            continue
        if DECLARED.match(line) and not re.search("[\u4e00-\u9fff]", comment):
            bare.append(line.strip())
        comment = ""
    assert not bare
