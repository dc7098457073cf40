"""Tags of snapshots: what goes in comes out, and nothing that restic would take apart goes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.backup.naming import Named, named, tags_of

SAFE = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]*", fullmatch=True)
PERHAPS = st.just("") | SAFE
NAMES = st.builds(Named, system=SAFE, run=SAFE, source=PERHAPS, part=PERHAPS, verdict=PERHAPS)


@given(NAMES, st.lists(st.text()))
def test_tags_say_what_they_were_made_of_among_any_others(name: Named, others: list[str]) -> None:
    strangers = [each for each in others if named((each, "system:x", "run:y")) == Named(system="x", run="y")]
    assert named((*strangers, *tags_of(name))) == name


@pytest.mark.parametrize("value", ["a,b", "", " ", "a\nb", "-a", "a b"])
def test_names_that_restic_would_take_apart_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="system"):
        tags_of(Named(system=value or ",", run="r"))


@pytest.mark.parametrize("tags", [(), ("system:a",), ("run:r",), ("system:,", "run:r"), ("sec-ops-probe",)])
def test_a_snapshot_that_no_run_made_has_no_name(tags: tuple[str, ...]) -> None:
    assert named(tags) is None
