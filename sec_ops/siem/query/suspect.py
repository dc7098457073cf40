"""Spellings that would silently mean something else than they seem to; each is refused with what to write instead."""

import re
from collections.abc import Iterator

from sec_ops.model.errors import QueryFault
from sec_ops.model.messages import Message, message

__all__ = ["BACKSLASH", "QUOTATION_MARK", "QUOTE", "QUOTE_OR_BLANK", "escapes", "field_name", "word"]

QUOTE = message("to search for the text as it stands, put it in quotation marks")
QUOTE_OR_BLANK = message("put a blank between them, or the whole text in quotation marks")
QUOTATION_MARK = message('end it with ", or write \\" for the mark itself')
BACKSLASH = message("write \\\\ for a backslash")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_REGEX = re.compile(r"/.+/", re.DOTALL)
_FUZZY = re.compile(r"(.*[^\\]|)~[0-9]*\.?[0-9]*", re.DOTALL)
_BOOST = re.compile(r"(.*[^\\]|)\^[0-9]*\.?[0-9]*", re.DOTALL)
_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}")
_WIDE_BEGIN = re.compile("[（）“”＂：]")
_WIDE_COLON = re.compile("[A-Za-z_@][A-Za-z0-9_.@]*(：)")


def word(raw: str, position: int) -> Iterator[QueryFault]:
    """Yield what is wrong with an unquoted word as it was written."""
    yield from escapes(raw, position)
    if raw in ("+", "-"):
        yield _fault(position, message("nothing follows this sign"), QUOTE)
    if raw[0] == "!":
        yield _fault(position, message("a value can't begin with “!”"), _NOT_FIELD)
    if _REGEX.fullmatch(raw):
        yield _fault(position, message("regular expressions are not part of this language"), _USE_WILDCARDS)
    if fuzzy := _FUZZY.fullmatch(raw):
        yield _fault(position + fuzzy.end(1), message("fuzzy matches (~) are not part of this language"), _TILDE)
    if boost := _BOOST.fullmatch(raw):
        yield _fault(position + boost.end(1), message("weights (^) are not part of this language"), _CARET)
    if _WIDE_BEGIN.match(raw):
        yield _fault(position, message("“{mark}” is a full-width mark", mark=raw[0]), _HALF_WIDTH)
    elif colon := _WIDE_COLON.match(raw):
        yield _fault(position + colon.start(1), message("“{mark}” is a full-width mark", mark="："), _HALF_WIDTH)


def escapes(raw: str, position: int) -> Iterator[QueryFault]:
    """Yield backslashes before a letter or digit: most are part of a Windows path, and would be lost."""
    for found in _ESCAPE.finditer(raw):
        if found[1].isalnum():
            what = message("a backslash stands before “{letter}”, which needs none", letter=found[1])
            yield _fault(position + found.start(), what, BACKSLASH)


def field_name(raw: str, rest: str, position: int) -> Iterator[QueryFault]:
    """Yield what is wrong with the name before a colon; `rest` is what follows the colon."""
    if raw == "*":
        return
    if re.search(r"(?<!\\)[*?]", raw):
        yield _fault(position, message("wildcards in the name of a field are not part of this language"), _NAME_FIELDS)
    drive = len(raw) == 1 and rest.startswith("\\")
    sixth = _GROUP.fullmatch(raw) and rest.startswith(":")
    if raw[0].isdigit() or rest.startswith("//") or drive or sixth:
        yield _fault(position, message("“{name}” is not the name of a field", name=raw), QUOTE)


def _fault(position: int, what: Message, advice: Message) -> QueryFault:
    return QueryFault(position=position, message=what, advice=advice)


_USE_WILDCARDS = message("use the wildcards * and ?; to search for the slashes themselves, use quotation marks")
_TILDE = message("use the wildcards * and ?; to search for the mark itself, write \\~ or use quotation marks")
_CARET = message("leave it out; to search for the mark itself, write \\^ or use quotation marks")
_HALF_WIDTH = message("write it half-width, or put the text in quotation marks to search for it")
_NOT_FIELD = message("write NOT before the field; to search for the mark itself, use quotation marks")
_NAME_FIELDS = message("name each field, and join them with OR")
