"""The words of a search, as tokens of luqum's grammar.

luqum's own lexer knows neither `&&`, `||` and `!` nor values with colons, and stops at what it doesn't know; this one
also says where each token stands, and refuses what would silently mean something else than it seems to.
"""

import re
from dataclasses import dataclass, field

from luqum.head_tail import TokenValue
from luqum.tree import Phrase, Word

from sec_ops.model.errors import QueryFault
from sec_ops.model.messages import Message, message
from sec_ops.siem.query import suspect

__all__ = ["Token", "Tokens", "tokens"]

_WORD = re.compile(r'(?:\\.|[^\s\\(){}\[\]":])+', re.DOTALL)
_VALUE = re.compile(r'(?:\\.|[^\s\\(){}\[\]"])+', re.DOTALL)
_PHRASE = re.compile(r'"(?:\\.|[^\\"])*"', re.DOTALL)
_COMPARISON = re.compile(r"[<>]=?")
_OPERATORS = {"AND": "AND_OP", "&&": "AND_OP", "OR": "OR_OP", "||": "OR_OP", "NOT": "NOT"}
_SIGNS = {"+": "PLUS", "-": "MINUS", "!": "NOT"}
_BRACKETS = {"(": "LPAREN", ")": "RPAREN", "[": "LBRACKET", "{": "LBRACKET", "]": "RBRACKET", "}": "RBRACKET"}
_OPEN_TO_VALUE = frozenset({"COLUMN", "LESSTHAN", "GREATERTHAN"})
_COMPLETE = frozenset({"TERM", "PHRASE", "RPAREN", "RBRACKET"})


@dataclass(slots=True)
class Token:
    """What luqum's parser asks of a token (PLY); `end` is the position after it."""

    type: str
    value: object
    lexpos: int
    end: int
    lineno: int = 1
    lexer: object = None


@dataclass(slots=True)
class Tokens:
    """The tokens, with the interface of a PLY lexer; `last` is the one that was handed out last."""

    found: list[Token]
    last: Token | None = None
    _next: int = 0

    def input(self, text: str) -> None:
        """Take no text: it is tokens already."""

    def token(self) -> Token | None:
        """Return the next token, None at the end."""
        self.last = self.found[self._next] if self._next < len(self.found) else None
        self._next += 1
        return self.last


def tokens(text: str) -> tuple[list[Token], list[QueryFault]]:
    """Return the tokens of a search and what is wrong with them."""
    lexer = _Lexer(text)
    while lexer.position < len(text):
        lexer.step()
    lexer.finish()
    first = {fault.position: fault for fault in reversed(lexer.faults)}
    return lexer.found, [first[position] for position in sorted(first)]


@dataclass(slots=True)
class _Lexer:
    text: str
    position: int = 0
    found: list[Token] = field(default_factory=list)
    faults: list[QueryFault] = field(default_factory=list)
    open: list[Token] = field(default_factory=list)
    fields: int = 0
    """How many of the open brackets belong to a field: within them a colon is part of the value."""

    def step(self) -> None:
        """Take one token, or a stretch of blanks."""
        character = self.text[self.position]
        if character.isspace():
            self.position += 1
        elif character in _BRACKETS:
            self._bracket(character)
        elif character == '"':
            self._phrase()
        elif character == ":" and not (self._wants_value() or self.fields):
            self._colon()
        elif not self._sign(character):
            self._word()

    def finish(self) -> None:
        """Tell of brackets that are still open."""
        for token in self.open:
            self._fault(token.lexpos, message("this bracket is never closed"), suspect.QUOTE)

    def _previous(self) -> str:
        return self.found[-1].type if self.found else ""

    def _ranged(self) -> bool:
        return bool(self.open) and self.open[-1].type == "LBRACKET"

    def _wants_value(self) -> bool:
        return self._previous() in _OPEN_TO_VALUE or self._ranged()

    def _fault(self, position: int, what: Message, advice: Message | None) -> None:
        self.faults.append(QueryFault(position=position, message=what, advice=advice))

    def _add(self, kind: str, value: object, length: int) -> None:
        end = self.position + length
        value.pos, value.size = self.position, length  # type: ignore[attr-defined]
        if kind not in ("RPAREN", "RBRACKET", "COLUMN") and self.found:
            before = self.found[-1]
            if before.end == self.position and before.type in _COMPLETE:
                self._fault(self.position, message("two parts touch each other"), suspect.QUOTE_OR_BLANK)
        self.found.append(Token(kind, value, self.position, end))
        self.position = end

    def _bracket(self, character: str) -> None:
        kind = _BRACKETS[character]
        if kind in ("LPAREN", "LBRACKET"):
            of_field = self._previous() == "COLUMN" or (self.fields > 0 and kind == "LPAREN")
            self._add(kind, TokenValue(character), 1)
            self.open.append(self.found[-1])
            self.fields = self.fields + 1 if of_field or self.fields else 0
            return
        self._add(kind, TokenValue(character), 1)
        if self.open and self.open[-1].type == f"L{kind[1:]}":
            self.open.pop()
            self.fields = max(0, self.fields - 1)
        else:
            self._fault(self.position - 1, message("nothing is open that this bracket closes"), suspect.QUOTE)

    def _phrase(self) -> None:
        match = _PHRASE.match(self.text, self.position)
        if match is None:
            self._fault(self.position, message("this quotation mark is never closed"), suspect.QUOTATION_MARK)
            self.position = len(self.text)
            return
        self.faults += suspect.escapes(match[0], self.position)
        self._add("PHRASE", Phrase(match[0]), len(match[0]))

    def _colon(self) -> None:
        if self._previous() == "TERM" and self.found[-1].end == self.position:
            self._name(self.found[-1])
        else:
            self._fault(self.position, message("no field stands before this colon"), suspect.QUOTE)
        self._add("COLUMN", TokenValue(":"), 1)

    def _name(self, token: Token) -> None:
        rest = self.text[token.end + 1 : token.end + 3]
        self.faults += suspect.field_name(self.text[token.lexpos : token.end], rest, token.lexpos)

    def _sign(self, character: str) -> bool:
        """Take an operator of one or two characters where a part may begin."""
        comparison = _COMPARISON.match(self.text, self.position)
        if comparison and not self._ranged():
            kind = "LESSTHAN" if character == "<" else "GREATERTHAN"
            self._add(kind, TokenValue(comparison[0]), len(comparison[0]))
            return True
        if character not in _SIGNS or self._wants_value():
            return False
        after = self.text[self.position + 1 : self.position + 2]
        if not after or after.isspace():
            self._fault(self.position, message("nothing follows this sign"), suspect.QUOTE)
        self._add(_SIGNS[character], TokenValue(character), 1)
        return True

    def _word(self) -> None:
        wanted = _VALUE if self._wants_value() or self.fields else _WORD
        match = wanted.match(self.text, self.position)
        if match is None:
            self._fault(self.position, message("nothing follows this backslash"), suspect.BACKSLASH)
            self.position += 1
            return
        raw = match[0]
        if self._ranged() and raw == "TO":
            self._add("TO", TokenValue(raw), len(raw))
        elif raw in _OPERATORS and not self._ranged():
            self._add(_OPERATORS[raw], TokenValue(raw), len(raw))
        else:
            self.faults += suspect.word(raw, self.position)
            self._add("TERM", Word(raw), len(raw))
