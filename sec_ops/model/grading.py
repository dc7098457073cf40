"""Grading 定级结果 of a key system, such as S3A3G3: which level its S, A and G clauses have."""

import re
from dataclasses import dataclass
from typing import Final

from sec_ops.model.clause import Clause
from sec_ops.model.messages import message
from sec_ops.model.values import RuleBroken

__all__ = ["Grading", "parse_grading", "uniform_grading"]

_GRADING: Final = re.compile(r"S([1-4])A([1-4])(?:G([1-4])|\(G([1-4])\))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """Levels for business-information security (S), service assurance (A); the system's own is the higher of both."""

    information: int
    service: int

    @property
    def level(self) -> int:
        """Return the system's level, which its general (G) clauses have."""
        return max(self.information, self.service)

    def level_for(self, clause: Clause) -> int:
        """Return the level at which clauses of this clause's kind apply; extension clauses count as general."""
        return {"S": self.information, "A": self.service}.get(clause.sag or "G", self.level)

    def __str__(self) -> str:
        return f"S{self.information}A{self.service}G{self.level}"


def parse_grading(text: str) -> Grading:
    """Return the grading that `text` (S3A3G3, S2A3, S3A3(G3)) writes; raises RuleBroken for others (GB/T 22240)."""
    match = _GRADING.fullmatch(text)
    if not match:
        raise RuleBroken(message("not a grading such as S3A3G3"))
    grading = Grading(information=int(match[1]), service=int(match[2]))
    general = match[3] or match[4]
    if general and int(general) != grading.level:
        raise RuleBroken(message("G is the higher of S and A, here {level}", level=grading.level))
    return grading


def uniform_grading(level: int) -> Grading:
    """Return the grading in which all clauses have `level`."""
    return Grading(information=level, service=level)
