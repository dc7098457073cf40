"""Marks on fields of settings of services and checks, by which planning knows what a text refers to.

`files: SourceName = ""` is checked to be a source of the system's plan that is fetched; `host: SpokenName = ""` may be
a name of production, as it is only spoken and nothing connects to it.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated

from sec_ops.content.yaml_reader import Path
from sec_ops.model.values import Value

__all__ = ["Mark", "SourceName", "SpokenName", "marked"]


class Mark(Enum):
    """What a text of settings is."""

    SOURCE = "source"
    SPOKEN = "spoken"


SourceName = Annotated[str, Mark.SOURCE]
"""Id of a source of the plan; empty: none."""

SpokenName = Annotated[str, Mark.SPOKEN]
"""A name such as that of a Host header, which nothing connects to."""


def marked(model: type[Value], settings: Mapping[str, object], mark: Mark) -> Mapping[Path, str]:
    """Return the texts of settings whose fields have the mark, by their path; empty ones are left out."""
    named = {name for name, each in model.model_fields.items() if mark in each.metadata}
    return {(name,): each for name, each in settings.items() if name in named and isinstance(each, str) and each}
