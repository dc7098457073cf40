"""What stands on the sheet in both languages, with nothing in it that acts on a terminal or runs over a line."""

from sec_ops.model.messages import Message, message
from sec_ops.model.text import printable
from sec_ops.model.values import Text
from sec_ops.runtime.bilingual import bilingual

__all__ = ["HEADING", "OPEN_POINTS", "PROMISE", "both"]

HEADING = message("restore without sec-ops")
PROMISE = message(
    "No secret stands here. With this sheet, the pages in the safes and plain restic everything can be restored. Print "
    "it again after every change of plans, repositories or keys; keep a copy at each site."
)
OPEN_POINTS = message("what would hinder a restore today:")


def both(text: Message | Text | str) -> Text:
    """Return a text in both languages, each on one line."""
    if isinstance(text, Message):
        text = bilingual(text)
    zh, en = (text.zh, text.en) if isinstance(text, Text) else (text, text)
    return Text(zh=_line(zh), en=_line(en))


def _line(text: str) -> str:
    return printable(text).replace("\n", "\\n").replace("\t", "\\t") or "-"
