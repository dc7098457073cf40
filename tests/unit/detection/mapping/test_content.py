"""Pipelines and shapes are content: a site adds and replaces them; what isn't understood is a fault with its place."""

from pathlib import Path

import pytest

from sec_ops.content.kinds import PIPELINES, SHAPES
from sec_ops.content.library import Library
from sec_ops.detection.mapping.mapped import CannotFire, mapped
from sec_ops.detection.mapping.shape import Shape, load_shapes
from sec_ops.detection.rule import All, Header, Level, LogSource, Rule, Test
from sec_ops.detection.rule import Number as Num

PIPELINE = """name: Campus
priority: 20
allowed_backends: [ecs]
transformations:
  - type: add_condition
    conditions: {event.dataset: campus}
    rule_conditions: [{type: logsource, product: campus}]
"""
NAMING = """  - type: field_name_prefix
    prefix: x
    field_name_conditions: [{type: include_fields, fields: ['('], mode: re}]
"""


def opened(site: Path, **files: str) -> Library:
    for name, text in files.items():
        path = site / "rules" / name.replace("__", "/")
        path = path.with_name(path.name + ".yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Library.open(site)


def ecs(library: Library) -> Shape:
    return next(shape for shape in load_shapes(library) if shape.id == "ecs")


def fires(library: Library, source: LogSource) -> bool:
    header = Header(id="r", name="r", title={"en": "r"}, level=Level.LOW)
    rule = Rule(header=header, source=source, condition=All((Test("x", Num(1)),)))
    return not isinstance(mapped(rule, ecs(library)), CannotFire)


def test_a_site_adds_a_log_source_with_one_file(tmp_path: Path) -> None:
    assert not fires(Library.open(None), LogSource("", "campus", ""))
    assert fires(opened(tmp_path, pipelines__local__campus=PIPELINE), LogSource("", "campus", ""))


def test_a_site_replaces_a_shipped_pipeline(tmp_path: Path) -> None:
    library = opened(tmp_path, pipelines__web__web_servers="")
    (tmp_path / "rules/pipelines/web/web_servers.yml").unlink()
    (tmp_path / "rules/pipelines/web/web-servers.yml").write_text("overrides: web-servers\n" + PIPELINE)
    library = Library.open(tmp_path)
    assert fires(library, LogSource("", "campus", ""))
    assert not fires(library, LogSource("webserver", "", ""))


@pytest.mark.parametrize(
    ("wrong", "line", "path"),
    [
        (PIPELINE.replace("add_condition", "hashes_fields"), 5, "transformations[0]"),
        (
            PIPELINE.replace("type: logsource, product", "type: tag, product"),
            7,
            "transformations[0].rule_conditions[0]",
        ),
        (PIPELINE.replace("priority", "prioritty"), 2, "prioritty"),
        (PIPELINE.replace("event.dataset:", "event.dataset|re:"), 6, "transformations[0].conditions"),
        (PIPELINE.replace("product: campus", "product: ''"), 7, "transformations[0].rule_conditions[0].product"),
    ],
)
def test_what_is_not_understood_has_a_place(tmp_path: Path, wrong: str, line: int, path: str) -> None:
    faults = opened(tmp_path, pipelines__local__campus=wrong).faults(PIPELINES)
    assert [(fault.line, fault.path[: len(path)]) for fault in faults][:1] == [(line, path)]
    assert all("campus.yml" in fault.file for fault in faults)


def test_a_site_adds_a_shape(tmp_path: Path) -> None:
    shape = """id: mine
title: {zh: 自有, en: mine}
recognise: [[a.b]]
time: {fields: [t]}
host: [h]
user: [u]
address: [a]
"""
    library = opened(tmp_path, shapes__mine=shape)
    assert "mine" in {each.id for each in load_shapes(library)}
    (fault,) = opened(tmp_path, shapes__mine=shape.replace("recognise: [[a.b]]", "recognise: []")).faults(SHAPES)
    assert (fault.line, fault.path) == (3, "recognise")
