"""Sigma processing pipelines, `rules/pipelines/<folder>/<id>.yml`: the part of the format that is understood.

Source: https://sigmahq.io/docs/digging-deeper/pipelines.html. A key or type that isn't here is a fault.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Value

__all__ = [
    "AddCondition",
    "AddPrefix",
    "AddSuffix",
    "ChangeLogSource",
    "ConditionValue",
    "ExcludeFields",
    "FailField",
    "FailRule",
    "FieldCondition",
    "FieldItem",
    "FieldProcessed",
    "IncludeFields",
    "Item",
    "Linking",
    "MapFields",
    "MapPrefixes",
    "RuleCondition",
    "SigmaPipeline",
    "TestedField",
    "Transformation",
]

ConditionValue = str | int | bool | None | list[str | int]
FieldNames = dict[NonEmpty, NonEmpty | Annotated[list[NonEmpty], Field(min_length=1)]]
TestedField = Annotated[str, StringConstraints(pattern=r"^[^|]+(\|(contains|startswith|endswith|exists))?$")]
Linking = Literal["and", "or"]


class RuleCondition(Value):
    """The rule's log source has at least what is named here."""

    type: Literal["logsource"]
    category: NonEmpty | None = None
    product: NonEmpty | None = None
    service: NonEmpty | None = None


class _ListedFields(Value):
    """Names of fields, or expressions that begin with them."""

    fields: list[NonEmpty] = Field(min_length=1)
    mode: Literal["plain", "re"] = "plain"

    @model_validator(mode="after")
    def _can_be_compiled(self) -> Self:
        for source in self.fields if self.mode == "re" else ():
            try:
                re.compile(source)
            except re.error as error:
                raise RuleBroken(message("no regular expression: {reason}", reason=str(error))) from None
        return self


class IncludeFields(_ListedFields):
    """The field is one of these names, or one of these expressions finds something at its beginning."""

    type: Literal["include_fields"]


class ExcludeFields(_ListedFields):
    """The field is none of these."""

    type: Literal["exclude_fields"]


class FieldProcessed(Value):
    """The item with this id has changed the field."""

    type: Literal["processing_item_applied"]
    processing_item_id: NonEmpty


FieldCondition = Annotated[IncludeFields | ExcludeFields | FieldProcessed, Field(discriminator="type")]


class Item(Value):
    """What every transformation may say: when it applies."""

    id: NonEmpty | None = None
    rule_conditions: list[RuleCondition] = Field(default_factory=list)
    rule_cond_op: Linking = "and"
    rule_cond_not: bool = False


class FieldItem(Item):
    """What transformations of fields may say: to which fields they apply."""

    field_name_conditions: list[FieldCondition] = Field(default_factory=list)
    field_name_cond_op: Linking = "and"
    field_name_cond_not: bool = False


class MapFields(FieldItem):
    """Fields by another name; with several, one of them is enough."""

    type: Literal["field_name_mapping"]
    mapping: FieldNames


class MapPrefixes(FieldItem):
    """Fields whose name begins so by a name that begins otherwise; the first prefix that fits."""

    type: Literal["field_name_prefix_mapping"]
    mapping: FieldNames


class AddPrefix(FieldItem):
    """Something before the name of every field."""

    type: Literal["field_name_prefix"]
    prefix: NonEmpty


class AddSuffix(FieldItem):
    """Something after the name of every field."""

    type: Literal["field_name_suffix"]
    suffix: NonEmpty


class MapStrings(FieldItem):
    """Whole texts of a rule by what events write instead, whatever their case; with several, one of them is enough."""

    type: Literal["map_string"]
    mapping: FieldNames


class AddCondition(Item):
    """More tests of the rule: all these fields, each with one of its values."""

    type: Literal["add_condition"]
    conditions: dict[TestedField, ConditionValue] = Field(min_length=1)
    name: NonEmpty | None = None
    negated: bool = False


class ChangeLogSource(Item):
    """Another log source, for the items that follow."""

    type: Literal["change_logsource"]
    category: NonEmpty | None = None
    product: NonEmpty | None = None
    service: NonEmpty | None = None


class FailRule(Item):
    """The rule can't fire here."""

    type: Literal["rule_failure"]
    message: NonEmpty


class FailField(FieldItem):
    """A rule that tests such a field can't fire here."""

    type: Literal["detection_item_failure"]
    message: NonEmpty


Transformation = Annotated[
    MapFields
    | MapPrefixes
    | AddPrefix
    | AddSuffix
    | MapStrings
    | AddCondition
    | ChangeLogSource
    | FailRule
    | FailField,
    Field(discriminator="type"),
]


class SigmaPipeline(Value):
    """One pipeline. One that adds conditions serves log sources; one that doesn't only names fields, for all that do.

    `allowed_backends` are the shapes it is for.
    """

    name: NonEmpty
    priority: int = Field(default=50, ge=0, le=1000)
    allowed_backends: list[Identifier] = Field(min_length=1)
    transformations: list[Transformation] = Field(min_length=1)

    @property
    def serves(self) -> bool:
        """Return whether the pipeline serves log sources."""
        return any(isinstance(item, AddCondition) for item in self.transformations)
