"""The sheet as plain text: Chinese first, then English, commands after a dollar sign."""

from collections.abc import Iterator

from sec_ops.backup.by_hand import Step
from sec_ops.backup.sheet.values import Block, Row, Sheet
from sec_ops.backup.sheet.wording import HEADING, OPEN_POINTS, PROMISE, both
from sec_ops.model.values import Text

__all__ = ["plain_sheet"]

_RULES = {2: "=", 3: "-"}


def plain_sheet(sheet: Sheet) -> str:
    """Return the text, which ends with a line break."""
    return "\n".join(_lines(sheet)) + "\n"


def _lines(sheet: Sheet) -> Iterator[str]:
    yield from _told(both(HEADING))
    yield f"{both(sheet.site).zh} · {both(sheet.site).en} · {both(sheet.made).zh} · {both(sheet.tool).zh}"
    yield ""
    yield from _told(both(PROMISE))
    if sheet.open_points:
        yield from ("", *_told(both(OPEN_POINTS)))
        for point in sheet.open_points:
            yield from _told(both(point), indent="  ! ")
    for block in sheet.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    title = both(block.title)
    yield ""
    yield title.zh if title.zh == title.en else f"{title.zh} · {title.en}"
    yield _RULES[block.level] * 72
    for row in block.rows:
        yield from _row(row)
    for step in block.steps:
        yield from _step(step)


def _row(row: Row) -> Iterator[str]:
    name, value = both(row.name), both(row.value)
    named = name.zh if name.zh == name.en else f"{name.zh} {name.en}"
    yield f"{named}: {value.zh if value.zh == value.en else f'{value.zh} · {value.en}'}"


def _step(step: Step) -> Iterator[str]:
    yield ""
    yield from _told(both(step.what))
    yield from (f"    $ {command}" for command in step.commands)


def _told(text: Text, indent: str = "") -> Iterator[str]:
    yield f"{indent}{text.zh}"
    if text.en != text.zh:
        yield f"{indent}{text.en}"
