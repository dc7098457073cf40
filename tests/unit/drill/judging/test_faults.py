"""What a site declares is checked all at once; editions are whole or open."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sec_ops.content.kinds import LEVELS, READINESS
from sec_ops.content.library import Library
from sec_ops.drill.judging.faults import readiness_faults
from sec_ops.model.recovery_level import ELEMENTS, Bound, Edition

SAID = """elements:
  - {id: a, edition: gbt-20988-1999, element: facility, level: 3, reason: r, by: chen, DAYS}
  - {id: b, edition: gbt-20988-2025, element: facility, level: 3, reason: r, by: nobody, DAYS}
  - {id: c, edition: gbt-20988-2007, element: network, level: 7, systems: [nowhere], reason: r, by: chen, DAYS}
  - {id: d, edition: gbt-20988-2007, element: backup, level: 6, reason: r, by: chen, DAYS}
  - {id: e, edition: gbt-20988-2007, element: support, level: 6, reason: r, by: chen, DAYS}
""".replace("DAYS", "on: 2026-01-01, until: 2026-12-31")


def site(root: Path, text: str) -> Library:
    (root / "backup").mkdir()
    (root / "backup" / "readiness.yml").write_text(text)
    (root / "inventory").mkdir()
    (root / "inventory" / "people.yml").write_text("people:\n  - {id: chen, name: Chen, unit: bureau}\n")
    return Library.open(root)


def test_every_fault_of_every_declaration_is_told_with_its_line(tmp_path: Path) -> None:
    faults = [(each.line, each.path, str(each.message)) for each in readiness_faults(site(tmp_path, SAID))]
    assert [(line, path.rpartition(".")[2]) for line, path, _what in faults] == [
        (2, "edition"),
        (3, "edition"),
        (3, "by"),
        (4, "level"),
        (4, "systems[0]"),
        (5, "element"),
    ]


def test_a_declaration_ends_after_it_begins(tmp_path: Path) -> None:
    library = site(tmp_path, SAID.replace("until: 2026-12-31", "until: 2025-12-31"))
    assert len(list(library.faults(READINESS))) == 5


def test_what_ships_has_no_fault() -> None:
    library = Library.open(None)
    assert not list(library.faults(LEVELS, READINESS))
    assert not list(readiness_faults(library))


def test_shipped_editions_are_marked() -> None:
    editions = {name: loaded.value for name, loaded in Library.open(None).objects(LEVELS).items()}
    old, new = editions["gbt-20988-2007"], editions["gbt-20988-2025"]
    assert (old.superseded_by, old.open, len(old.levels)) == (new.id, False, 6)
    assert (new.superseded_by, new.open, new.elements) == (None, True, ())


def test_levels_never_ask_for_less_than_the_one_below() -> None:
    (edition,) = [each.value for each in Library.open(None).objects(LEVELS).values() if each.value.levels]
    for below, above in zip(edition.levels, edition.levels[1:], strict=False):
        assert (above.rpo.at_most_seconds or 0) <= (below.rpo.at_most_seconds or 0)
        for element in ELEMENTS:
            assert above.elements[element].none <= below.elements[element].none


def _changed(**changes: Any) -> dict[str, Any]:
    (edition,) = [each.value for each in Library.open(None).objects(LEVELS).values() if each.value.levels]
    return edition.model_dump() | changes


@pytest.mark.parametrize("changes", [{"levels": _changed()["levels"][1:]}, {"elements": ()}])
def test_an_edition_is_whole(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Edition.model_validate(_changed(**changes))


def test_a_vague_time_has_no_number() -> None:
    with pytest.raises(ValidationError):
        Bound.model_validate({"text": {"zh": "数分钟", "en": "minutes"}, "at_most_seconds": 60, "vague": True})
