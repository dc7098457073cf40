"""The words and signs of the field, the same in every report and on the terminal."""

from collections.abc import Callable
from dataclasses import dataclass

from sec_ops.model.audit import Reason
from sec_ops.model.messages import Message, Translate, message
from sec_ops.model.text import printable
from sec_ops.model.values import Text
from sec_ops.model.verdict import Verdict
from sec_ops.runtime.language import translator

__all__ = ["SIGNS", "WORST_FIRST", "Words", "words"]

WORST_FIRST = (
    Verdict.NON_COMPLIANT,
    Verdict.PARTIAL,
    Verdict.UNDETERMINED,
    Verdict.MANUAL,
    Verdict.COMPLIANT,
    Verdict.NOT_APPLICABLE,
)
SIGNS = {
    Verdict.COMPLIANT: "✓",
    Verdict.PARTIAL: "◐",
    Verdict.NON_COMPLIANT: "✗",
    Verdict.NOT_APPLICABLE: "–",
    Verdict.UNDETERMINED: "?",
    Verdict.MANUAL: "✎",
}
_VERDICTS = {
    Verdict.COMPLIANT: message("compliant"),
    Verdict.PARTIAL: message("partial"),
    Verdict.NON_COMPLIANT: message("non-compliant"),
    Verdict.NOT_APPLICABLE: message("not applicable"),
    Verdict.UNDETERMINED: message("undetermined"),
    Verdict.MANUAL: message("manual"),
}
_PROVENANCES = {
    "collected": message("collected over our own connection"),
    "self_reported": message("reported by the unit itself"),
    "recorded": message("a recording"),
}
_HOST_STATES = {
    "collected": message("read"),
    "incomplete": message("read in part"),
    "failed": message("not read"),
}
_PRIVILEGES = {
    "root": message("root"),
    "sudo_streamed": message("sudo, collector streamed"),
    "streamed": message("sudo, collector streamed"),
    "pinned": message("sudo, pinned collector"),
    "user": message("ordinary user"),
}
_SEVERITIES = {"high": message("high"), "medium": message("medium"), "low": message("low")}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    language: str
    translate: Translate

    def verdict(self, verdict: Verdict) -> str:
        """Return the word of a verdict, such as 不符合."""
        return _VERDICTS[verdict].render(self.translate)

    def signed(self, verdict: Verdict) -> str:
        """Return sign and word, so that colour is never alone."""
        return f"{SIGNS[verdict]} {self.verdict(verdict)}"

    def said(self, reason: Reason) -> str:
        """Return a reason in this language, control characters made visible."""
        spoken = reason.spoken(self.language) if isinstance(reason, Text) else reason.render(self.translate)
        return printable(spoken)

    def provenance(self, name: str | None) -> str:
        """Return how facts came to us."""
        return self._named(_PROVENANCES, name)

    def host_state(self, name: str) -> str:
        """Return what became of a host."""
        return self._named(_HOST_STATES, name)

    def privilege(self, name: str) -> str:
        """Return with which rights a host was read."""
        return self._named(_PRIVILEGES, name)

    def severity(self, name: str) -> str:
        """Return the word of a severity."""
        return self._named(_SEVERITIES, name)

    def _named(self, table: dict[str, Message], name: str | None) -> str:
        return table[name].render(self.translate) if name in table else printable(name or "")


def words(language: str, translate: Callable[[str], Translate] = translator) -> Words:
    """Return the words of `zh` or `en`."""
    return Words(language, translate(language))
