"""The words of a drill's report, in one language: verdicts with their signs, phases, spans, moments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sec_ops.model.drill_record import ANSWERS
from sec_ops.model.messages import Message, Translate, message
from sec_ops.model.text import printable
from sec_ops.model.values import Text
from sec_ops.reports.paper import Cell, Tone
from sec_ops.runtime.language import translator

__all__ = ["PHASES", "DrillWords", "drill_words"]

PHASES: Mapping[str, Message] = {
    "detect": message("detect"),
    "decide": message("decide"),
    "select": message("select"),
    "provision": message("provision"),
    "fetch": message("fetch"),
    "load": message("load"),
    "verify": message("verify"),
    "switch": message("switch"),
}
"""Phases of a recovery in their order."""

_VERDICTS: Mapping[str, tuple[Message, Tone]] = {
    "passed": (message("✓ passed"), "good"),
    "failed": (message("✗ failed"), "bad"),
    "not_run": (message("– not run"), "unsure"),
    "interrupted": (message("! interrupted"), "bad"),
}
_CAME_BACK: Mapping[str, Message] = {
    "ok": message("OK"),
    "partial": message("PARTIAL"),
    "failed": message("FAILED"),
    "locked": message("LOCKED"),
    "wrong_key": message("WRONG KEY"),
    "no_repository": message("NO REPOSITORY"),
    "unreachable": message("UNREACHABLE"),
    "full": message("FULL"),
    "damaged": message("DAMAGED"),
    "refused": message("REFUSED"),
    "interrupted": message("INTERRUPTED"),
}
_NAMES: Mapping[str, Message] = {
    "site_loss": message("site loss"),
    "ransomware": message("ransomware"),
    "file": message("a deleted file"),
    "table": message("a dropped table"),
    "moment": message("return to a chosen moment"),
    "lost_key": message("lost repository key"),
    "damaged_copy": message("damaged repository"),
    "controller_lost": message("controller lost"),
    "table_top": message("table-top"),
    "slow_link": message("slow link"),
    "link_cut": message("link cut"),
    "damaged_pack": message("damaged pack file"),
    "wrong_key_first": message("wrong key first"),
    "disk_nearly_full": message("disk nearly full"),
    "heartbeat": message("last heartbeat row that came back"),
    "data": message("moment the data stands for"),
    "unknown": message("cannot be told"),
    "usual": message("usual key"),
    "escrow": message("escrow key only"),
    "participant": message("participant"),
    "decision": message("decision"),
    "event": message("event"),
    "problem": message("problem"),
    "improvement": message("improvement"),
    "answer": message("answer"),
    "training": message("training"),
    "summary": message("summary"),
    "sign_off": message("sign-off"),
    "facts": message("plans and drill"),
    "drill": message("drill"),
    "declared": message("declared"),
    "not_asked": message("nothing is asked"),
}
_NAMES_OF_BASIS_UNKNOWN = message("nobody declared it")
_HUNDREDTH, _SECOND, _MINUTE, _HOUR, _DAY = 10, 1000, 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True, slots=True)
class DrillWords:
    """The words of one language; moments are shown in `zone`."""

    language: str
    translate: Translate
    zone: ZoneInfo

    def said(self, text: Message | Text | None) -> str:
        """Return a message or a text of content."""
        if text is None:
            return ""
        return text.spoken(self.language) if isinstance(text, Text) else text.render(self.translate)

    def named(self, name: str) -> str:
        """Return the word for a name of the record, or the name itself."""
        return _NAMES[name].render(self.translate) if name in _NAMES else printable(name)

    def answer(self, how: str) -> str:
        """Return how a probe ended: the word for ours, what the system answered as it is."""
        return self.said(ANSWERS[how]) if how in ANSWERS else how

    def phase(self, name: str) -> str:
        """Return the word for a phase of a recovery, or what else it was in."""
        return self.said(PHASES[name]) if name in PHASES else printable(name)

    def basis(self, name: str) -> str:
        """Return by what an element was judged."""
        return self.said(_NAMES_OF_BASIS_UNKNOWN) if name == "unknown" else self.named(name)

    def verdict(self, verdict: str) -> Cell:
        """Return the verdict on a drill or a part of it, sign and word."""
        text, tone = _VERDICTS[verdict]
        return Cell(self.said(text), tone)

    def came_back(self, verdict: str) -> Cell:
        """Return the verdict on a fetch, or on data that came back."""
        known = _CAME_BACK.get(verdict)
        text = self.said(known) if known else printable(verdict)
        return Cell(text, "good" if verdict == "ok" else "bad" if verdict else "quiet")

    def met(self, met: bool | None, target_ms: int | None) -> Cell:  # noqa: FBT001 - three-valued, as the record has it
        """Return whether a target was met: yes, no, nobody can tell, or none is set."""
        if target_ms is None:
            return Cell(self.translate("no target"), "quiet")
        if met is None:
            return Cell(self.translate("? cannot be told"), "bad")
        return Cell(self.translate("✓ met"), "good") if met else Cell(self.translate("✗ not met"), "bad")

    def span(self, milliseconds: int | None) -> str:
        """Return a span as people read it: `0.35 s`, `22.5 s`, `3 min 12 s`, `4 h 05 min`, `2 d 3 h`; `–` for none."""
        if milliseconds is None:
            return "–"
        if milliseconds < 0:
            return f"−{self.span(-milliseconds)}"
        if milliseconds < _MINUTE:
            digits = 3 if milliseconds < _HUNDREDTH else 2 if milliseconds < _SECOND else 1
            return self._filled(message("{seconds} s", seconds=_short(milliseconds / _SECOND, digits)))
        if milliseconds < _HOUR:
            minutes, rest = divmod(milliseconds // _SECOND, 60)
            return self._two(message("{count} min", count=minutes), message("{count} s", count=rest), rest)
        if milliseconds < 2 * _DAY:
            hours, rest = divmod(milliseconds // _MINUTE, 60)
            return self._two(message("{count} h", count=hours), message("{count} min", count=rest), rest)
        days, rest = divmod(milliseconds // _HOUR, 24)
        return self._two(message("{count} d", count=days), message("{count} h", count=rest), rest)

    def change(self, milliseconds: int | None) -> Cell:
        """Return how much more or less a time is than before, with its sign."""
        if milliseconds is None:
            return Cell("–", "quiet")
        if milliseconds == 0:
            return Cell("±0")
        return Cell(("+" if milliseconds > 0 else "") + self.span(milliseconds))

    def moment(self, moment: str) -> str:
        """Return a moment of RFC 3339 to the second in the zone; what is none is shown as it is."""
        try:
            at = datetime.fromisoformat(moment)
        except ValueError:
            return printable(moment) or "–"
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def since(self, first: str, second: str) -> int:
        """Return the milliseconds between two moments of RFC 3339; one that can't be read is none later."""
        try:
            return (datetime.fromisoformat(second) - datetime.fromisoformat(first)) // timedelta(milliseconds=1)
        except (ValueError, TypeError):
            return 0

    def later(self, moment: str, milliseconds: int) -> str:
        """Return the moment so many milliseconds after another, RFC 3339 in UTC."""
        return (datetime.fromisoformat(moment) + timedelta(milliseconds=milliseconds)).isoformat()

    def _filled(self, text: Message) -> str:
        return text.render(self.translate)

    def _two(self, first: Message, second: Message, rest: int) -> str:
        joined = message("{first} {second}", first=first, second=second)
        return self._filled(joined if rest else first)


def drill_words(language: str, zone: ZoneInfo) -> DrillWords:
    """Return the words of `zh` or `en`."""
    return DrillWords(language, translator(language), zone)


def _short(number: float, digits: int) -> str:
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
