"""EventData out of a rendered message: sections, labels and values, in the language of the machine that rendered it."""

from collections.abc import Mapping

__all__ = ["Labels"]

_LINES_BOUND = 500
_LABEL_BOUND = 60
_COLONS = ":\uff1a"
_SIDS = ("SubjectUserSid", "TargetUserSid", "TargetSid", "MemberSid")


class Labels:
    """Names of EventData by label, or by section and label (`Subject/Account Name`)."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = {_same(label): name for label, name in labels.items()}

    def read(self, message: str, provider: str) -> dict[str, str]:
        """Return what a message says; values that say nothing and account names in place of a SID are left out."""
        found: dict[str, str] = {}
        section = ""
        for line in message.splitlines()[:_LINES_BOUND]:
            label, value = _cut(line)
            if label and not value:
                section = label
            elif label:
                name = self._name(section if line[:1].isspace() else "", label, provider)
                if name and _fits(name, value):
                    found.setdefault(name, value)
        return found

    def _name(self, section: str, label: str, provider: str) -> str:
        if "sysmon" in provider.lower():
            return label if label.isascii() and label.isalnum() else ""
        key = _same(label)
        return self._labels.get(f"{_same(section)}/{key}") or self._labels.get(key, "")


def _cut(line: str) -> tuple[str, str]:
    at = min((found for colon in _COLONS if (found := line.find(colon)) > 0), default=0)
    if not 0 < at <= _LABEL_BOUND:
        return "", ""
    return line[:at].strip(), line[at + 1 :].strip()


def _same(label: str) -> str:
    return "/".join("".join(part.split()).lower() for part in label.split("/"))


def _fits(name: str, value: str) -> bool:
    return value not in {"-", ""} and (name not in _SIDS or value.startswith("S-1-"))
