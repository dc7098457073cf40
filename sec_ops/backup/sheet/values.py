"""A sheet as blocks of rows and steps; how they are printed is `page` and `plain`."""

from collections.abc import Sequence
from dataclasses import dataclass

from sec_ops.backup.by_hand import Step
from sec_ops.model.messages import Message
from sec_ops.model.values import Text

__all__ = ["Block", "Row", "Sheet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A fact and its name."""

    name: Message | str
    value: Message | Text | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of the page. `level` is 2 for chapters, 3 for what is in them."""

    title: Message | str
    level: int = 2
    rows: Sequence[Row] = ()
    steps: Sequence[Step] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The whole sheet; `made` is RFC 3339 in UTC. `open_points` are what would hinder a restore today."""

    site: Text
    made: str
    tool: str
    blocks: Sequence[Block]
    open_points: Sequence[Message]
