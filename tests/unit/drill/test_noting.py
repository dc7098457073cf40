"""Notes of a drill: whole, in order, from several hands at once, and none lost to a torn line."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sec_ops.drill.noting import NOTES, RECORD, append_note, closed_notes, notes_of
from sec_ops.model.drill_record import Note


def _note(text: str, **more: str) -> Note:
    return Note.model_validate({"kind": "event", "at": "2026-11-26T08:00:00.000Z", "by": "chen", "text": text, **more})


def test_a_run_without_notes_has_none(tmp_path: Path) -> None:
    assert notes_of(tmp_path) == ()


def test_notes_come_back_in_order(tmp_path: Path) -> None:
    notes = [_note("first"), _note("second\nline", step="alarm"), _note("第三")]
    for each in notes:
        append_note(tmp_path, each)
    assert notes_of(tmp_path) == tuple(notes)
    assert (tmp_path / NOTES).stat().st_mode & 0o777 == 0o600


@given(st.text(min_size=1, max_size=200).filter(lambda text: text.isprintable()))
def test_any_text_stays_one_line(tmp_path_factory: object, text: str) -> None:
    folder = tmp_path_factory.mktemp("run")  # type: ignore[attr-defined]
    append_note(folder, _note(text))
    assert [each.text for each in notes_of(folder)] == [text]


def test_many_hands_lose_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: append_note(tmp_path, _note(f"{number} " + "x" * 9000)), range(80)))
    assert sorted(int(each.text.split()[0]) for each in notes_of(tmp_path)) == list(range(80))


def test_a_torn_line_harms_no_other(tmp_path: Path) -> None:
    append_note(tmp_path, _note("before"))
    with (tmp_path / NOTES).open("ab") as stream:
        stream.write(b'{"kind":"eve')
    append_note(tmp_path, _note("after"))
    assert [each.text for each in notes_of(tmp_path)] == ["before", "after"]


def test_after_the_end_nothing_is_added(tmp_path: Path) -> None:
    assert append_note(tmp_path, _note("before"))
    with closed_notes(tmp_path) as notes:
        (tmp_path / RECORD).write_text("{}")
    assert not append_note(tmp_path, _note("after"))
    assert notes_of(tmp_path) == notes == (_note("before"),)


def test_while_the_record_is_written_writers_wait_and_none_is_lost(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        with closed_notes(tmp_path) as notes:
            coming = [pool.submit(append_note, tmp_path, _note(str(number))) for number in range(4)]
            (tmp_path / RECORD).write_text("{}")
        assert not any(each.result() for each in coming)
    assert notes_of(tmp_path) == notes == ()
