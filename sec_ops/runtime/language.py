"""Languages: Chinese first for users, English complete. English texts are the message ids."""

import gettext as _gettext
import os
from collections.abc import Mapping
from pathlib import Path

from sec_ops.model.messages import Message, Translate

__all__ = ["LANGUAGES", "chosen_language", "gettext", "language", "render", "translator", "use_language"]

LANGUAGES = ("zh", "en")
_FOLDERS = {"zh": "zh_CN"}
_LOCALE = Path(__file__).resolve().parent.parent / "locale"


class _Current:
    """The language of this process; set once, by the command line."""

    code = "en"
    translate: Translate = staticmethod(str)


def chosen_language(environment: Mapping[str, str] = os.environ) -> str:
    """Return the language the environment asks for (`LC_ALL`, `LC_MESSAGES`, `LANG`), else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "zh" if environment[name].lower().startswith("zh") else "en"
    return "en"


def translator(code: str) -> Translate:
    """Return the function from message ids to texts of a language (`zh` or `en`)."""
    if code not in _FOLDERS:
        return str
    catalogue = _gettext.translation("sec_ops", str(_LOCALE), languages=[_FOLDERS[code]], fallback=True)
    return catalogue.gettext


def use_language(code: str) -> None:
    """Make a language the one of this process."""
    _Current.code = code
    _Current.translate = translator(code)


def language() -> str:
    """Return the language of this process."""
    return _Current.code


def gettext(text: str) -> str:
    """Return the text of a message id in the language of this process; import it as `_`."""
    return _Current.translate(text)


def render(text: Message) -> str:
    """Return a message in the language of this process."""
    return text.render(_Current.translate)
