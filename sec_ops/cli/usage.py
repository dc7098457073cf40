"""The command-line library's own words in the user's language: its complaints, and the frame of its help pages.

Typer has no catalogue: its texts are English, written where they arise. A complaint is known by its form and said again
in ours; one that no form fits stays as it is. `tests/unit/cli/test_usage.py` reads the library's source for texts that
are new, so that an upgrade shows what it brings.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from sec_ops.model.messages import Message, message
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

__all__ = ["complaint", "speak_our_language"]

_COMPLAINTS: Mapping[str, Message] = {
    r"Missing argument '(?P<name>.*)'\.(?: .*)?": message("argument {name} is missing"),
    r"Missing option '(?P<name>.*)'\.(?: .*)?": message("option {name} is missing"),
    r"Missing (?:parameter|command)(?: '(?P<name>.*)')?\.(?: .*)?": message("a command is missing"),
    r"No such option: (?P<name>.*) \(Possible options: (?P<others>.*)\)": message(
        "there is no option {name}; did you mean: {others}?"
    ),
    r"No such option: (?P<name>.*)": message("there is no option {name}"),
    r"No such command (?P<quote>['\"])(?P<name>.*)(?P=quote)\..*": message("there is no command {name}"),
    r"Got unexpected extra argument\(s\) \((?P<words>.*)\)": message("too many arguments: {words}"),
    r"Option '(?P<name>.*)' requires an argument\.": message("option {name} needs a value"),
    r"Option '(?P<name>.*)' requires (?P<count>\d+) arguments\.": message("option {name} needs {count} values"),
    r"Option '(?P<name>.*)' does not take a value\.": message("option {name} takes no value"),
    r"Argument '(?P<name>.*)' takes (?P<count>\d+) values\.": message("argument {name} takes {count} values"),
}
_VALUES: Mapping[str, Message] = {
    r"Input should be a valid integer.*": message("it must be a whole number"),
    r"Input should be a valid number.*": message("it must be a number"),
    r"Input should be a valid boolean.*": message("it must be true or false"),
    r"Input should be greater than or equal to (?P<bound>.*)": message("it must be at least {bound}"),
    r"Input should be less than or equal to (?P<bound>.*)": message("it must be at most {bound}"),
    r"Input should be greater than (?P<bound>.*)": message("it must be more than {bound}"),
    r"Input should be less than (?P<bound>.*)": message("it must be less than {bound}"),
    r"(?:Value error, )?(?P<value>['\"].*['\"]) is not one of (?P<others>.*)\.": message("{value} is none of {others}"),
    r"Value (?P<value>.*) is not a valid (?P<kind>\w+)\.": message("{value} is no {kind}"),
    r"Value must be an iterable\.": message("it must be a list"),
    r"(?:File|Directory|Path) (?P<path>['\"].*['\"]) does not exist\.": message("{path} does not exist"),
    r"(?:File|Directory|Path) (?P<path>['\"].*['\"]) is a file\.": message("{path} is a file"),
    r"(?:File|Directory|Path) (?P<path>['\"].*['\"]) is a directory\.": message("{path} is a folder"),
    r"(?:File|Directory|Path) (?P<path>['\"].*['\"]) is not readable\.": message("{path} can't be read"),
    r"(?:File|Directory|Path) (?P<path>['\"].*['\"]) is not writable\.": message("{path} can't be written"),
}
_FOR = re.compile(r"Invalid value(?: for (?P<name>.*?))?: (?P<reason>.*)", re.DOTALL)
_EXTRAS = re.compile(r"\[(?P<extras>[^\[\]]*)\]$")


def complaint(text: str, commands: Iterable[str] = ()) -> Message:
    """Return what the library complains of in our words; `commands` are those there are where one wasn't found."""
    invalid = _FOR.fullmatch(text)
    if invalid:
        reason = _said_again(_VALUES, invalid["reason"]) or message("{reason}", reason=invalid["reason"])
        name = (invalid["name"] or "").replace("'", "")
        return message("{name}: {reason}", name=name, reason=reason) if name else reason
    said = _said_again(_COMPLAINTS, text)
    if said is None:
        return message("{reason}", reason=text)
    close = get_close_matches(str(said.values.get("name", "")), list(commands))
    if close:
        name = said.values["name"]
        return message("there is no command {name}; did you mean: {others}?", name=name, others=", ".join(close))
    return said


def _said_again(forms: Mapping[str, Message], text: str) -> Message | None:
    for form, said in forms.items():
        found = re.fullmatch(form, text, re.DOTALL)
        if found:
            return Message(said.text, {name: value for name, value in found.groupdict().items() if value is not None})
    return None


def speak_our_language() -> None:
    """Have every help page framed in the language of this process."""
    TyperCommand.context_class = _Context
    TyperGroup.context_class = _Context


class _Formatter(typer.Context.formatter_class):  # type: ignore[misc, valid-type]
    """Writes help pages with their frame in our words."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        for word, ours in (("[OPTIONS]", _("[OPTIONS]")), ("COMMAND [ARGS]...", _("COMMAND [ARGS]..."))):
            args = args.replace(word, ours)
        super().write_usage(prog, args, _("Usage: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        ours = {"Options": _("Options"), "Arguments": _("Arguments"), "Commands": _("Commands")}
        super().write_heading(ours.get(heading, heading))

    def write_dl(self, rows: Sequence[tuple[str, str]], *layout: Any, **named: Any) -> None:  # noqa: ANN401 - as inherited
        super().write_dl([(name, _about(about)) for name, about in rows], *layout, **named)


class _Context(typer.Context):
    formatter_class = _Formatter


def _about(text: str) -> str:
    """Return the explanation of an option in our words, where they are the library's."""
    whole = {
        "Show this message and exit.": _("Show this message and exit."),
        "Install completion for the current shell.": _("Install completion for the current shell."),
        "Show completion for the current shell, to copy it or customize the installation.": _(
            "Show completion for the current shell, to copy it or customize the installation."
        ),
    }
    return whole.get(text) or _EXTRAS.sub(lambda found: f"[{_extras(found['extras'])}]", text)


def _extras(text: str) -> str:
    return "; ".join(_extra(each) for each in text.split("; "))


def _extra(text: str) -> str:
    if text == "required":
        return _("required")
    word, found, value = text.partition("default: ")
    return render(message("default: {value}", value=value)) if found and not word else text
