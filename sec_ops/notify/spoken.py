"""A notice in words: what a person reads in a mail, a chat or a log."""

from dataclasses import dataclass
from typing import Any

from sec_ops.model.messages import Translate, message
from sec_ops.model.notice import Level, Notice
from sec_ops.model.text import printable

__all__ = ["Spoken", "speak"]

_TITLE_CHARACTERS = 200
_LEVELS = {
    Level.INFORMATION: message("information"),
    Level.WARNING: message("warning"),
    Level.CRITICAL: message("critical"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A notice in one language: one line of title, and the text below it; no control characters."""

    notice: Notice
    site: str
    title: str
    text: str

    def document(self) -> dict[str, Any]:
        """Return the notice as machines read it, with its words."""
        notice = self.notice
        return {
            "schema": "sec-ops/notice",
            "version": 1,
            "id": notice.id,
            "kind": notice.kind,
            "level": notice.level.value,
            "at": notice.at,
            "site": self.site,
            "title": self.title,
            "text": self.text,
            "data": dict(notice.data),
        }


def speak(notice: Notice, site: str, translate: Translate) -> Spoken:
    """Return a notice in the language of `translate`, with the name of the site it comes from."""
    level = _LEVELS[notice.level].render(translate)
    title = " ".join(printable(f"[{level}] {site}: {notice.title.render(translate)}").split())
    lines = [each.render(translate) for each in notice.lines]
    lines.append(translate("time: {time}").format(time=notice.at))
    if notice.advice:
        lines.append(translate("next: {advice}").format(advice=notice.advice.render(translate)))
    return Spoken(notice=notice, site=site, title=title[:_TITLE_CHARACTERS], text=printable("\n".join(lines)))
