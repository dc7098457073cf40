"""What restic says becomes events; whatever it says, nothing breaks."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sec_ops.backup.restic.copying import copied
from sec_ops.backup.restic.events import CheckSummary, ExitError, ItemError, Node, RestoreSummary, Said, read_event
from sec_ops.backup.restic.results import parsed_time

KINDS = [
    "status",
    "summary",
    "error",
    "exit_error",
    "initialized",
    "change",
    "statistics",
    "node",
    "verbose_status",
    "unheard of",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["error", "item", "code", "message", "path", "type", "data_added", "num_errors", "bytes_restored", "added", "id"]
)


@given(st.binary(max_size=200))
def test_any_line_is_an_event(line):
    assert read_event(line)


@given(st.sampled_from(KINDS), st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_document_is_an_event(kind, document):
    assert read_event(json.dumps({**document, "message_type": kind}).encode())


def test_what_is_no_event_keeps_its_words():
    for line in (b"repository opened", b"{not json", b'{"message_type":"new in 0.30","x":1}', b"[1]"):
        assert read_event(line) == Said(text=line.decode())


def test_errors_of_both_shapes():
    archival = b'{"message_type":"error","error":{"message":"denied"},"during":"archival","item":"/a"}'
    assert read_event(archival) == ItemError(item="/a", during="archival", text="denied")
    check = b'{"message_type":"error","message":"pack 1: does not exist\\n"}'
    assert read_event(check) == ItemError(item="", during="", text="pack 1: does not exist\n")
    assert read_event(b'{"message_type":"exit_error","code":12,"message":"Fatal: x"}') == ExitError(
        code=12, text="Fatal: x"
    )


def test_summaries_are_told_apart_and_one_without_numbers_is_a_restore_of_nothing():
    check = b'{"message_type":"summary","num_errors":2,"broken_packs":null,"suggest_prune":true}'
    assert read_event(check) == CheckSummary(errors=2, broken_packs=(), suggest_repair_index=False, suggest_prune=True)
    nothing = read_event(b'{"message_type":"summary"}')
    assert isinstance(nothing, RestoreSummary)
    assert nothing.files_restored == 0


def test_a_name_that_json_can_t_hold_is_marked():
    node = read_event(b'{"message_type":"node","path":"/s/\\ufffd","type":"file","size":3}')
    assert isinstance(node, Node)
    assert not node.exact


def test_times_with_nanoseconds_and_zones():
    assert parsed_time("2026-11-26T05:04:55.452148562Z").isoformat() == "2026-11-26T05:04:55.452148+00:00"
    assert parsed_time("2026-11-26T13:04:55.4+08:00").isoformat() == "2026-11-26T13:04:55.400000+08:00"
    assert parsed_time("2026-11-26T05:04:55Z").isoformat() == "2026-11-26T05:04:55+00:00"


def test_what_a_copy_did_is_read_from_its_words():
    lines = [
        "snapshot d6ce376e of [/srv/a snapshot 12345678 saved] at 2026-11-26 by root@h",
        "  copy started, this may take a while...",
        "snapshot 9f300ee9 saved, copied from source snapshot d6ce376e",
        "skipping source snapshot b9589e30, was already copied to snapshot 1f7a56a4",
    ]
    pairs, skipped = copied(lines)
    assert pairs == (("d6ce376e", "9f300ee9"),)
    assert skipped == ("b9589e30",)
