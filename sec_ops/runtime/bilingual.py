"""Texts in both languages, for values that outlive the language of this process."""

from sec_ops.model.messages import Message
from sec_ops.model.values import Text
from sec_ops.runtime.language import translator

__all__ = ["bilingual"]


def bilingual(text: Message) -> Text:
    """Return a message of the catalogues in both languages."""
    return Text(zh=text.render(translator("zh")), en=text.render(translator("en")))
