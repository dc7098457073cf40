"""luqum's grammar over our tokens, with bounds: a search is refused before it costs much, however it is made."""

from collections.abc import Sequence

from luqum.exceptions import ParseSyntaxError
from luqum.parser import parser
from luqum.tree import Item

from sec_ops.model.errors import QueryFault, QueryInvalid
from sec_ops.model.messages import message
from sec_ops.siem.query.lexer import Token, Tokens, tokens
from sec_ops.siem.query.suspect import QUOTE

__all__ = ["tree_of"]

_LONGEST = 65_536
_MOST_TOKENS = 4_096
_DEEPEST = 50
_OPENING = frozenset({"LPAREN", "NOT", "MINUS", "PLUS", "COLUMN"})


def tree_of(text: str) -> tuple[Item | None, list[QueryFault]]:
    """Return luqum's tree of a search, None for blank text, and what is wrong with its words.

    Raises QueryInvalid when there is no tree, with every fault of the words, or the place where the grammar ends.
    """
    if outside := _outside(text):
        raise QueryInvalid(text, [outside])
    found, faults = tokens(text)
    if excess := _unbounded(found):
        raise QueryInvalid(text, faults or excess)
    if not found and not faults:
        return None, []
    source = Tokens(found)
    try:
        return parser.parse(input="", lexer=source), faults
    except ParseSyntaxError as error:
        raise QueryInvalid(text, faults or [_unexpected(source.last, len(text))]) from error


def _outside(text: str) -> QueryFault | None:
    if len(text) > _LONGEST:
        what = message("a search has at most {limit} characters, this one has {count}", limit=_LONGEST, count=len(text))
        return QueryFault(position=_LONGEST, message=what)
    lone = next((place for place, character in enumerate(text) if "\ud800" <= character <= "\udfff"), None)
    if lone is None:
        return None
    return QueryFault(position=lone, message=message("this is not text in UTF-8"))


def _unbounded(found: Sequence[Token]) -> Sequence[QueryFault]:
    if len(found) > _MOST_TOKENS:
        what = message("a search has at most {limit} words and signs", limit=_MOST_TOKENS)
        return [QueryFault(position=found[_MOST_TOKENS].lexpos, message=what, advice=_SPLIT)]
    depth = brackets = 0
    for token in found:
        depth = depth + 1 if token.type in _OPENING else brackets
        brackets += (token.type == "LPAREN") - (token.type == "RPAREN")
        if max(depth, brackets) > _DEEPEST:
            what = message("a search is nested at most {limit} deep", limit=_DEEPEST)
            return [QueryFault(position=token.lexpos, message=what, advice=_SPLIT)]
    return []


def _unexpected(token: Token | None, end: int) -> QueryFault:
    if token is None:
        return QueryFault(position=end, message=message("the search ends where a part is missing"), advice=QUOTE)
    return QueryFault(position=token.lexpos, message=message("this part can't stand here"), advice=QUOTE)


_SPLIT = message("split it into several searches")
