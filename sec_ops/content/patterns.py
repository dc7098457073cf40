r"""Patterns of content over hostile text: RE2, so that none takes longer than the text is long.

Texts go to the library as bytes: over str it counts characters for every group, which takes three times as long.
Where no wheel of google-re2 fits the machine, `re` takes its place, over str that is cut to a bound, with patterns
spelled so that they mean what they mean to RE2.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from sec_ops.content.spelling import spelled
from sec_ops.model.folding import spellings

try:
    import re2
except ImportError:  # no wheel for this machine
    re2 = None

__all__ = ["GUARDED", "Pattern", "PatternError", "first_of", "holder_of", "path_pattern"]

GUARDED: Final = re2 is not None
"""Whether RE2 is there; without it no search is bounded by anything but the text's length."""
_UNGUARDED_BOUND: Final = 8_192
_MEMORY: Final = 64 * 1024 * 1024


class PatternError(ValueError):
    """A pattern that RE2 does not take, and why."""


class Pattern:
    """One compiled pattern; raises PatternError when it can't be."""

    __slots__ = ("_match", "_names", "_search", "grouped")

    def __init__(self, source: str) -> None:
        compiled = _compiled(source)
        self._match, self._search = compiled.match, compiled.search
        self.grouped = compiled.groups > 0
        self._names = tuple((_text(name), at) for name, at in compiled.groupindex.items())

    def found_in(self, text: str) -> bool:
        """Return whether the text holds the pattern anywhere."""
        return self._search(_bytes(text)) is not None

    def begins(self, text: str) -> bool:
        """Return whether the text begins with the pattern."""
        return self._match(_bytes(text)) is not None

    def first(self, text: str) -> str | None:
        """Return the first group (the whole match without groups) of the pattern at the text's beginning, or None."""
        hit = self._match(_bytes(text))
        if hit is None:
            return None
        return _text((hit.groups() or (hit.group(0),))[0] or b"")

    def names(self, text: str) -> dict[str, str] | None:
        """Return the named groups that took part in a match anywhere in the text, or None without a match."""
        data = _bytes(text)
        hit = self._search(data)
        if hit is None:
            return None
        spans = [(name, *span) for name, at in self._names if (span := _span(hit, at))[0] >= 0]
        if len(data) == len(text) or isinstance(data, str):
            return {name: text[start:end] for name, start, end in spans}
        return {name: _text(data[start:end]) for name, start, end in spans}


def first_of(patterns: Sequence[str], where: str) -> Callable[[str], Sequence[int]]:
    """Return a function that gives the indexes, in order, of the patterns found in a text.

    `where` is `anywhere` or `beginning`. Raises PatternError for the first pattern that can't be.
    """
    compiled = [_compiled(pattern) for pattern in patterns]
    if not patterns:
        return lambda _text: ()
    if re2 is None:
        tries = [each.search if where == "anywhere" else each.match for each in compiled]
        return lambda text: [at for at, found in enumerate(tries) if found(_bytes(text))]
    chosen = re2.Set.SearchSet(_options()) if where == "anywhere" else re2.Set.MatchSet(_options())
    for pattern in patterns:
        chosen.Add(pattern)
    chosen.Compile()
    return lambda text: sorted(chosen.Match(_bytes(text)) or ())


def holder_of(literals: Sequence[str]) -> Callable[[bytes], bool]:
    """Return a function that tells whether bytes hold one of these texts, written in UTF-8 and whatever its case.

    The texts are folded. What lies between texts in the bytes may be anything. It may say yes too often, never too
    seldom.
    """
    source = b"|".join(b"".join(map(_in_bytes, literal)) for literal in literals)
    if re2 is None:
        found = re.compile(source).search
    else:
        options = _options()
        options.encoding = re2.Options.Encoding.LATIN1
        found = re2.compile(source, options).search
    return lambda data: bool(literals) and found(data) is not None


def _in_bytes(character: str) -> bytes:
    """Return the pattern of a folded character in bytes, one of Latin-1 for each, in all its spellings.

    For letters beyond ASCII that is whatever isn't ASCII.
    """
    if not character.isascii() and character.upper() != character.lower():
        return rb"[\x80-\xff]{2,4}"
    every = spellings(character) if character.isascii() else character
    written = ("".join(f"\\x{byte:02x}" for byte in each.encode("utf-8", "surrogatepass")) for each in every)
    return f"(?:{'|'.join(written)})".encode()


def path_pattern(glob: str) -> Pattern:
    """Return the pattern of a path or name: `**/` is any folders, `*` anything within one name, `?` one character."""
    words = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    parts = (words.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*|\?)", glob))
    return Pattern("^(?:" + "".join(parts) + ")$")


def _span(hit: Any, at: int) -> tuple[int, int]:  # noqa: ANN401 - the library has no types
    # The library's own span() and groups() look the pattern's group count up for each: half of a line's time.
    spans = getattr(hit, "_spans", None)
    found: tuple[int, int] = hit.span(at) if spans is None else spans[at]
    return found


def _options() -> Any:  # noqa: ANN401 - the library has no types
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    return options


@lru_cache(maxsize=8192)
def _compiled(source: str) -> Any:  # noqa: ANN401
    if re2 is None:
        try:
            return re.compile(spelled(source))
        except re.error as error:
            raise PatternError(str(error)) from error
    try:
        return re2.compile(source.encode(), _options())
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        raise PatternError(_text(reason) if isinstance(reason, bytes) else str(reason)) from error


def _bytes(text: str) -> Any:  # noqa: ANN401 - bytes for RE2, str for what stands in for it
    return text.encode("utf-8", "backslashreplace") if re2 is not None else text[:_UNGUARDED_BOUND]


def _text(data: bytes | str) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "backslashreplace")
