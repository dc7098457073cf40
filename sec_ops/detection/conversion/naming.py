"""Which pySigma pipelines a rule goes through: those of one of our shapes, of a name pySigma knows, or of a file.

Several of our pipelines may serve one log source (process creation from Sysmon, or from the Security channel): the rule
then has one query for each, and finds an event when one of them does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sigma.exceptions import SigmaError
from sigma.pipelines.elasticsearch import pipelines as elastic_pipelines
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import AddConditionTransformation, ValueListPlaceholderTransformation

from sec_ops.content.kinds import PIPELINES
from sec_ops.content.layer import read_content
from sec_ops.content.library import Library
from sec_ops.detection.mapping.mapped import CannotFire, variants
from sec_ops.detection.mapping.shape import Pipeline, Shape, load_shapes
from sec_ops.detection.placeholders import load_placeholders
from sec_ops.detection.rule import Rule
from sec_ops.model.content import Layer
from sec_ops.model.errors import ContentInvalid, Fault, UsageError
from sec_ops.model.messages import Message, message

__all__ = ["Ways", "known_names", "ways_named"]

Ways = Callable[[Rule], Sequence[ProcessingPipeline] | Message]
"""A rule to the pipelines of each of its queries, or why it has none."""


def known_names(content: Library) -> Sequence[str]:
    """Return the names that `ways_named` takes, besides files."""
    return [*(shape.id for shape in load_shapes(content)), *elastic_pipelines]


def ways_named(content: Library, names: Sequence[str]) -> Ways:
    """Return how rules are converted by the pipelines named: one shape, or others that are applied one after the other.

    Raises UsageError for a name that isn't known, ContentInvalid for a file that is no pipeline.
    """
    shapes = {shape.id: shape for shape in load_shapes(content)}
    given = _placeholders(content)
    if len(names) == 1 and names[0] in shapes:
        return _OfShape(content, shapes[names[0]], given)
    known = known_names(content)
    if wrong := [name for name in names if name in shapes or not (name in elastic_pipelines or Path(name).is_file())]:
        what = message("{name} can't stand among the pipelines", name=wrong[0])
        raise UsageError(what, advice=message("name one shape, or files and: {names}", names=", ".join(known)))
    whole = sum(map(_pipeline, names), given)
    return lambda _rule: [whole]


class _OfShape:
    """The pipelines of a shape, each put together once."""

    def __init__(self, content: Library, shape: Shape, given: ProcessingPipeline) -> None:
        self._content = content
        self._shape = shape
        self._given = given
        self._known: dict[str, ProcessingPipeline] = {}

    def __call__(self, rule: Rule) -> Sequence[ProcessingPipeline] | Message:
        serving = [each for each in self._shape.sources if self._serves(each, rule)]
        if serving:
            return [self._through(each.id, partial(_of_content, self._content, each.id)) for each in serving]
        found = variants(rule, self._shape)
        if isinstance(found, CannotFire):
            return found.reason
        product = rule.source.product
        return [self._through(f"product {product}", lambda: _added(self._shape.content.products[product]))]

    def _serves(self, pipeline: Pipeline, rule: Rule) -> bool:
        return not isinstance(variants(rule, replace(self._shape, sources=(pipeline,), products={})), CannotFire)

    def _through(self, name: str, read: Callable[[], ProcessingPipeline]) -> ProcessingPipeline:
        if name not in self._known:
            naming = (_of_content(self._content, each.id) for each in self._shape.names)
            self._known[name] = sum(naming, self._given + read())
        return self._known[name]


def _added(tests: Mapping[str, Any]) -> ProcessingPipeline:
    return ProcessingPipeline(items=[ProcessingItem(AddConditionTransformation(dict(tests)))])


def _placeholders(content: Library) -> ProcessingPipeline:
    """Return the pipeline that puts the site's values in the place of `%name%`."""
    values = {name: list(each) for name, each in load_placeholders(content).items()}
    return ProcessingPipeline(items=[ProcessingItem(ValueListPlaceholderTransformation())], vars=values)


def _of_content(content: Library, name: str) -> ProcessingPipeline:
    origin = content.objects(PIPELINES)[name].origin
    origin = origin.patched or origin
    root = content.site_root if origin.layer is Layer.SITE and content.site_root else content.shipped_root
    return _from_yaml(read_content(root / origin.path, origin.path), origin.path)


def _pipeline(name: str) -> ProcessingPipeline:
    if name in elastic_pipelines:
        return elastic_pipelines[name]()
    return _from_yaml(read_content(Path(name), name), name)


def _from_yaml(data: bytes, name: str) -> ProcessingPipeline:
    try:
        return ProcessingPipeline.from_yaml(data.decode())
    except (SigmaError, ValueError, TypeError, AttributeError, KeyError) as error:
        what = message("not a pipeline that pySigma can read: {reason}", reason=str(error))
        raise ContentInvalid((Fault(file=name, line=0, path="", message=what),)) from error
