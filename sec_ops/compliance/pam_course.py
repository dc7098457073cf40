"""The course of a PAM stack: which modules are asked, and whether it lets somebody through (pam.conf(5)).

A module agrees or refuses. Those nobody has a question about let the stack go on: what is required agrees, and what
could end the stack early, or jump, does not. pam_deny always refuses.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Course", "course", "refuses"]

Entry = Mapping[str, Any]
_KEYWORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "required": {"success": "ok", "default": "bad"},
    "requisite": {"success": "ok", "default": "die"},
    "sufficient": {"success": "done", "default": "ignore"},
    "optional": {"success": "ok", "default": "ignore"},
}
_REFUSALS: Final = ("auth_err", "authtok_err", "perm_denied")
_PAIR: Final = re.compile(r"(\w+)=(\w+)")


@dataclass(frozen=True, slots=True)
class Course:
    """The places of the modules asked, in order, and whether nobody who counts refused."""

    asked: tuple[int, ...]
    succeeds: bool


def refuses(entries: Sequence[Entry], module: Callable[[Entry], bool]) -> bool:
    """Return whether the stack fails when the modules that `module` picks refuse, though the password is right."""

    def answer(entry: Entry) -> bool | None:
        if module(entry):
            return False
        return True if entry["module"] == "pam_unix.so" else None

    return not course(entries, answer).succeeds


def course(entries: Sequence[Entry], answer: Callable[[Entry], bool | None]) -> Course:
    """Return the course of one stack as the parser `pam` gives it; `answer` says yes, no or None (goes on)."""
    asked: list[int] = []
    good: bool | None = None
    place = 0
    while place < len(entries):
        entry = entries[place]
        asked.append(place)
        action = _action(entry["control"], False if entry["module"] == "pam_deny.so" else answer(entry))
        if action in ("bad", "die"):
            good = False
        elif action in ("ok", "done") and good is None:
            good = True
        elif action == "reset":
            good = None
        ends = action == "die" or (action == "done" and good is True)
        place = _after(entries, place, ends=ends, jump=int(action) if action.isdecimal() else 0)
    return Course(tuple(asked), good is not False)


def _action(control: str, answer: bool | None) -> str:  # noqa: FBT001 - three answers
    actions: Mapping[str, str] = _KEYWORDS.get(control.lower()) or dict(_PAIR.findall(control.lower()))
    success = actions.get("success", actions.get("default", "bad"))
    refusal = next((actions[name] for name in _REFUSALS if name in actions), actions.get("default", "bad"))
    if answer is None:
        return refusal if success == "done" or success.isdecimal() else success
    return success if answer else refusal


def _after(entries: Sequence[Entry], place: int, *, ends: bool, jump: int) -> int:
    """Return the next place: past the rest of its (sub)stack where it ends, past `jump` modules of the same one."""
    within = entries[place].get("within", "")
    following = place + 1
    while following < len(entries) and _is_inside(entries[following], within) and (ends or jump):
        started = entries[following].get("within", "")
        following += 1
        if started != within:
            while following < len(entries) and _is_inside(entries[following], _substack(started, within)):
                following += 1
        jump -= 0 if ends else 1
    return following


def _is_inside(entry: Entry, within: str) -> bool:
    place = entry.get("within", "")
    return bool(place == within or place.startswith(within + "/"))


def _substack(place: str, within: str) -> str:
    """Return the substack directly in `within` that `place` belongs to."""
    return within + "/" + place.removeprefix(within + "/").partition("/")[0]
