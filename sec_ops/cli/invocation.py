"""Options that every command takes, wherever they stand on the line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.runtime.language import LANGUAGES

__all__ = ["Invocation", "current", "split", "use"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What was asked of every command alike."""

    site: str | None = None
    language: str | None = None
    form: str = "text"
    debug: bool = False
    color: str = "auto"


_FLAGS = {
    "--json": {"form": "json"},
    "--jsonl": {"form": "jsonl"},
    "--debug": {"debug": True},
    "--no-color": {"color": "never"},
}
_VALUES = {"--site": "site", "--lang": "language"}


def split(arguments: Sequence[str]) -> tuple[Invocation, list[str]]:
    """Return the common options and the arguments without them; `--` ends the search. Raises UsageError."""
    invocation, queue = Invocation(), list(arguments)
    rest: list[str] = []
    while queue:
        word = queue.pop(0)
        name, _, value = word.partition("=")
        if word == "--":
            return _checked(invocation), [*rest, word, *queue]
        if word in _FLAGS:
            invocation = replace(invocation, **_FLAGS[word])  # type: ignore[arg-type]
        elif name in _VALUES:
            given = value if "=" in word else _next(queue, name)
            invocation = replace(invocation, **{_VALUES[name]: given})  # type: ignore[arg-type]
        else:
            rest.append(word)
    return _checked(invocation), rest


def _next(queue: list[str], name: str) -> str:
    if not queue:
        raise UsageError(message("{option} wants a value", option=name))
    return queue.pop(0)


def _checked(invocation: Invocation) -> Invocation:
    if invocation.language not in (None, *LANGUAGES):
        raise UsageError(message("--lang wants zh or en, not {given}", given=invocation.language))
    return invocation


class _Current:
    invocation = Invocation()


def use(invocation: Invocation) -> None:
    """Make an invocation the one of this process."""
    _Current.invocation = invocation


def current() -> Invocation:
    """Return the invocation of this process."""
    return _Current.invocation
