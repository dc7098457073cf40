"""A paper 文书: what a report says, in order, in one language and in no format yet. Each format lays it out.

Texts may come from outside and hold anything; a format escapes them and makes them printable.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Bar", "Block", "Cell", "Column", "Facts", "Heading", "Lane", "Paper", "Paragraph", "SignOff", "Table"]
__all__ += ["Timeline", "Tone"]

Tone = Literal["plain", "good", "bad", "unsure", "quiet"]
"""How a text is meant; the text itself says it too, so that nothing hangs on colour."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a table; `fixed` is set in a font of fixed width, as digests and commands are."""

    text: str
    tone: Tone = "plain"
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its share of the width against the others, and whether it holds numbers."""

    title: str
    share: float = 1.0
    number: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 begins a section. `new_page` begins one on paper."""

    text: str
    level: int = 1
    new_page: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; lines of it stay lines."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values."""

    pairs: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table, every row as long as the columns; `empty` is said when it has no rows."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time in a lane, in milliseconds from the left; `key` says what of the legend it is, from 0."""

    key: int
    begins_ms: int
    lasts_ms: int


@dataclass(frozen=True, slots=True)
class Lane:
    """A line of the timeline. `target_ms` is a mark; `note` stands at the right."""

    name: str
    bars: tuple[Bar, ...]
    note: str
    tone: Tone = "plain"
    target_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A picture of what took how long; `ticks` are milliseconds with their words, `said` is the picture in words."""

    lanes: tuple[Lane, ...]
    legend: tuple[str, ...]
    ticks: tuple[tuple[int, str], ...]
    ends_ms: int
    said: str
    target: str


@dataclass(frozen=True, slots=True)
class SignOff:
    """Lines to be signed by hand: a role each, and who has signed already by typing it in."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, str], ...]


Block = Heading | Paragraph | Facts | Table | Timeline | SignOff


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A whole paper. `verdict` stands large below the title; `made` is RFC 3339 in UTC, the moment it stands for."""

    language: str
    title: str
    subtitle: str
    verdict: Cell
    made: str
    running: str = ""
    blocks: tuple[Block, ...] = field(default=())
