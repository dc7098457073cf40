"""Which document of an id is in force."""

from sec_ops.detection.library.documents import Document, Source
from sec_ops.detection.library.layering import Layered, layered


def document(identity: str, source: Source, *, path: str = "", overrides: str = "", release: str = "") -> Document:
    named = path or f"{source}/{identity or 'none'}.yml"
    return Document(path=named, data=b"", source=source, id=identity, overrides=overrides, release=release)


def in_force(layers: Layered) -> list[str]:
    return [each.path for each in layers.in_force]


SHIPPED = document("a", Source.SHIPPED)
IMPORTED = document("b", Source.IMPORTED, release="sigma")


def test_a_rule_of_the_site_replaces_another_when_it_says_so() -> None:
    own = [document("a", Source.SITE, overrides="a"), document("b", Source.SITE, overrides="b")]
    layers = layered([SHIPPED], [IMPORTED], own)
    assert in_force(layers) == ["site/a.yml", "site/b.yml"]
    assert layers.replaced == {"a": SHIPPED, "b": IMPORTED}
    assert not layers.refused
    assert not layers.notes


def test_a_rule_of_the_site_that_does_not_say_so_is_refused() -> None:
    layers = layered([SHIPPED], [], [document("a", Source.SITE)])
    assert in_force(layers) == ["shipped/a.yml"]
    assert [str(each.reason) for each in layers.refused] == [
        "id a is that of shipped/a.yml; to replace it say: overrides: a"
    ]


def test_a_replacement_keeps_the_id() -> None:
    layers = layered([SHIPPED], [], [document("c", Source.SITE, overrides="a")])
    assert in_force(layers) == ["shipped/a.yml"]
    assert [str(each.reason) for each in layers.refused] == ["overrides a, but has the id c"]


def test_a_replacement_outlives_what_it_replaced_and_says_so() -> None:
    layers = layered([], [], [document("a", Source.SITE, overrides="a")])
    assert in_force(layers) == ["site/a.yml"]
    assert [str(each) for each in layers.notes] == ["site/a.yml overrides a, which is neither shipped nor imported"]


def test_two_of_the_site_with_one_id() -> None:
    layers = layered([], [], [document("a", Source.SITE, path="1.yml"), document("a", Source.SITE, path="2.yml")])
    assert in_force(layers) == ["1.yml"]
    assert [each.document.path for each in layers.refused] == ["2.yml"]


def test_a_release_never_replaces_a_shipped_rule() -> None:
    layers = layered([SHIPPED], [document("a", Source.IMPORTED, release="sigma", overrides="a")], [])
    assert in_force(layers) == ["shipped/a.yml"]
    assert [str(each.reason) for each in layers.refused] == ["id a is already taken at shipped/a.yml"]


def test_the_later_of_two_releases_counts() -> None:
    earlier, later = (document("b", Source.IMPORTED, path=name, release=name) for name in ("core", "threats"))
    assert in_force(layered([], [earlier, later], [])) == ["threats"]


def test_rules_without_an_id_stand_side_by_side() -> None:
    own = [document("", Source.SITE, path="1.yml"), document("", Source.SITE, path="2.yml")]
    assert in_force(layered([], [], own)) == ["1.yml", "2.yml"]
