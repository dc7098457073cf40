"""The page that shows the comparison with other tools, made of the mapping and of a recorded run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sec_ops.model.verdict import Verdict
from tests.integration.comparing import Answered, Comparison, Row, agree

__all__ = ["PAGE", "RECORD", "Seen", "page"]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "comparison.md"
RECORD = Path(__file__).parent / "comparison_recorded.json"

_HEAD = """\
# Compared with lynis and OpenSCAP

Our checks beside the tests of two other tools that look at the same settings, on the same hosts of the test bed: one
as installed, one on which our checks were mended. A test asserts that every difference has a reason in
`tests/integration/comparison.yml`, and that no reason outlives its difference. This page is made of that file and of
one recorded run.

Why they can differ at all: lynis and SSG look at files; ours look at effective settings where there are any
(`sshd -T`, resolved PAM stacks, loaded rules). Neither of the two is bound to a clause, ours are. And where
something can't be known, ours say *undetermined*, lynis mostly nothing.

How to read it: *ours / theirs*, first as installed, then mended. "nothing" means that the other tool came to no
result.
"""
_LYNIS = """
## lynis {version}, Debian 12

lynis reports suggestions and warnings; a test that was executed and complained of nothing counts as passed.
"""
_OPENSCAP = """
## OpenSCAP with the SCAP Security Guide's Debian 11 content, Debian 11

Debian 12's SSG has no content for Debian 12: its Debian 11 rules are all *not applicable* there, and such a run fails
the comparison. So the hosts are Debian 11's.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What both said of a row, as installed and mended."""

    row: Row
    ours: tuple[Verdict, ...]
    theirs: tuple[Answered, ...]

    @property
    def key(self) -> str:
        """Return the row's name in the record."""
        return _key(self.row)

    def document(self) -> list[list[str]]:
        """Return pairs of ours and theirs."""
        return [[mine.value, other.value] for mine, other in zip(self.ours, self.theirs, strict=True)]


def page(mapping: Comparison, recorded: Mapping[str, list[list[str]]]) -> str:
    """Return the page; rows that were not recorded say so."""
    sections = [_HEAD, _summary(mapping, recorded), _LYNIS.format(version="3.0.8"), _table(mapping.lynis, recorded)]
    sections += [_reasons(mapping.lynis), _OPENSCAP, _table(mapping.openscap, recorded), _reasons(mapping.openscap)]
    return "".join(sections)


def _key(row: Row) -> str:
    return " ".join(filter(None, (row.check, row.test, row.about)))


def _summary(mapping: Comparison, recorded: Mapping[str, list[list[str]]]) -> str:
    lines = ["", "| tool | pairs | agree in both states | differ, with reason |", "| --- | --: | --: | --: |"]
    for name, rows in (("lynis", mapping.lynis), ("OpenSCAP + SSG", mapping.openscap)):
        agreeing = sum(all(_agree(pair) for pair in recorded.get(_key(row), [["", ""]])) for row in rows)
        lines.append(f"| {name} | {len(rows)} | {agreeing} | {len(rows) - agreeing} |")
    return "\n".join(lines) + "\n"


def _agree(pair: list[str]) -> bool:
    mine, other = pair
    return bool(mine) and agree(Verdict(mine), Answered(other))


def _table(rows: Iterable[Row], recorded: Mapping[str, list[list[str]]]) -> str:
    lines = ["", "| check | test | as installed | mended | |", "| --- | --- | --- | --- | --- |"]
    for number, row in enumerate(rows, 1):
        pairs = recorded.get(_key(row), [["not recorded", ""]] * 2)
        cells = " | ".join(f"{mine.replace('_', '-')} / {other}" for mine, other in pairs)
        about = f" ({row.about})" if row.about else ""
        lines.append(f"| {row.check} | {row.test}{about} | {cells} | {f'[{number}]' if row.reason else ''} |")
    return "\n".join(lines) + "\n"


def _reasons(rows: Iterable[Row]) -> str:
    return "\n" + "".join(f"- [{number}] {row.reason.strip()}\n" for number, row in enumerate(rows, 1) if row.reason)
