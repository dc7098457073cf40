"""The values of placeholders: the shipped ones, and over them the site's."""

from collections.abc import Mapping

from sec_ops.content.kinds import PLACEHOLDERS
from sec_ops.content.library import Library

__all__ = ["load_placeholders"]


def load_placeholders(library: Library) -> Mapping[str, tuple[str | int, ...]]:
    """Return what each `%name%` of the rules stands for here; raises ContentInvalid."""
    return {name: loaded.value.values for name, loaded in library.objects(PLACEHOLDERS).items()}
