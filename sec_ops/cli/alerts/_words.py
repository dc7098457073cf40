"""Words for alerts."""

from sec_ops.detection.alerts.documents import entity_text
from sec_ops.detection.alerts.telling import LEVEL_WORDS
from sec_ops.detection.alerts.values import Alert, State, Verdict
from sec_ops.detection.rule import Level
from sec_ops.model.messages import message
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

__all__ = ["LONGEST", "VERDICT_WORDS", "about", "level_word", "shown", "state_word"]

LONGEST = 240
_STATE_WORDS = {
    State.OPEN: message("open"),
    State.CLOSED: message("closed"),
    State.SUPPRESSED: message("suppressed"),
}
VERDICT_WORDS = {
    Verdict.TRUE_POSITIVE: message("true positive"),
    Verdict.FALSE_POSITIVE: message("false positive"),
    Verdict.BENIGN: message("true, but harmless"),
}
_ABOUT = 60


def level_word(level: Level) -> str:
    """Return a level in the language of this process."""
    return render(LEVEL_WORDS[level])


def state_word(state: State) -> str:
    """Return a state in the language of this process."""
    return render(_STATE_WORDS[state])


def about(alert: Alert) -> str:
    """Return whom an alert is about, short."""
    if alert.rest:
        return _("everything beyond the rule's limit")
    return shown(entity_text(alert), _ABOUT) or "-"


def shown(text: str, longest: int = LONGEST) -> str:
    """Return a text from outside on one line, harmless, cut off with a sign of it."""
    line = printable(text[: longest + 1]).replace("\n", "\\n").replace("\t", " ")
    return line if len(text) <= longest else f"{line[:longest]}…"
