"""The labelled pairs."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PAIRS: Final = Path(__file__).with_name("pairs.tsv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A query, and the enterprise that it means, or does not."""

    kind: str
    label: str
    query: str
    name: str
    former: str
    code: str

    @property
    def is_meant(self) -> bool:
        """Whether the enterprise is the one that the query means."""
        return self.label == "same"


def read_pairs(file: Path = _PAIRS) -> list[Pair]:
    """Return the labelled pairs."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(
            (line for line in lines if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE
        )
        return [Pair(**row) for row in rows]
