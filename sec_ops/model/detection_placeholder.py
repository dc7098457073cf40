"""What detection rules leave to the site: the values that stand for a `%name%` in them."""

from pydantic import Field

from sec_ops.model.values import NonEmpty, Text, Value

__all__ = ["Placeholder"]


class Placeholder(Value):
    """Values that a rule's `%id%` (with the modifier `expand`) stands for; each may have Sigma's wildcards.

    A site names its own with `overrides: <id>` in its `rules/detection/placeholders.yml`.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    title: Text
    values: tuple[NonEmpty | int, ...] = Field(min_length=1)
