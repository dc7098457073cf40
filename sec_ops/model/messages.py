"""Texts for people: an English message id with its values, translated only where it is shown.

`message("host {host} refused the connection", host="10.0.0.7")` marks the id for the catalogues in
`sec_ops/locale/`; nothing below the command line or a report ever holds translated text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from sec_ops.model.text import printable

__all__ = ["Message", "Translate", "joined", "message"]

Translate = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Message:
    """A message id of the catalogues and the values that fill its braces."""

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make messages again of those that went through JSON inside this one."""
        if any(isinstance(value, Mapping) for value in self.values.values()):
            object.__setattr__(self, "values", {name: _revived(value) for name, value in self.values.items()})

    def render(self, translate: Translate) -> str:
        """Return the translated text; values from outside lose their control characters."""
        shown = {name: _shown(value, translate) for name, value in self.values.items()}
        return translate(self.text).format_map(shown) if shown else translate(self.text)

    def __str__(self) -> str:
        return self.render(_english)


def message(text: str, /, **values: object) -> Message:
    """Return a message; `text` is a literal, so that the catalogues can be checked against the code."""
    return Message(text, values)


def joined(messages: Sequence[Message], *, more: bool = False) -> Message:
    """Return several messages, at least one, as one; `more` says that there are others."""
    told = reduce(lambda first, second: message("{first}; {second}", first=first, second=second), messages)
    return message("{first}; …", first=told) if more else told


def _revived(value: object) -> object:
    if isinstance(value, Mapping) and value.keys() == {"text", "values"}:
        return Message(value["text"], value["values"])
    return value


def _english(text: str) -> str:
    return text


def _shown(value: object, translate: Translate) -> object:
    if isinstance(value, Message):
        return value.render(translate)
    return value if isinstance(value, int | float) else printable(str(value))
