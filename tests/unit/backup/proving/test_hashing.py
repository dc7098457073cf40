"""The hasher as a program, digests between runs, and which of them are taken as proof."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from sec_ops.backup.proving.batches import Batches, hasher_words
from sec_ops.backup.proving.digests import SHARE, Hashed, open_digests
from sec_ops.backup.proving.listing import CHANGED, UNREAD, Lines, Lister, nanoseconds
from sec_ops.backup.restic.events import Node


def asked(*questions: object) -> list[list[object]]:
    """Ask the hasher one batch; return its answers."""
    text = "".join(json.dumps(each) + "\n" for each in questions) + "\n"
    done = subprocess.run(hasher_words(sys.executable), input=text, capture_output=True, text=True, check=True)
    *answers, last = done.stdout.splitlines()
    assert last == "."
    return [json.loads(each) for each in answers]


def identity(path: Path) -> list[int]:
    seen = path.stat()
    return [seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns]


def test_files_are_hashed_unless_they_are_as_known(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 3_000_000)
    digest = sha256(b"x" * 3_000_000).hexdigest()
    path.chmod(0o4640)
    known, rights = identity(path), [0o4640, os.getuid(), os.getgid()]
    assert asked([str(path), known], [str(path), None]) == [[0], [1, None, *known, digest, *rights]]
    os.utime(path, (1, 1))
    assert asked([str(path), known]) == [[0, None, *identity(path), digest, *rights]]


def test_what_is_no_file_or_gone_says_so(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("a")
    answers = asked([f"{tmp_path}/fifo", None], [f"{tmp_path}/gone", None], [f"{tmp_path}/link", None])
    assert [each[7] for each in answers] == [CHANGED, CHANGED, sha256(b"a").hexdigest()]


def test_names_that_are_shown_alike_are_all_found(tmp_path: Path) -> None:
    for number, name in enumerate([b"\xff", b"\xfe", "\ufffd".encode()]):
        folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        folder.mkdir()
        (folder / "a").write_bytes(b"%d" % number)
    answers = asked([f"{tmp_path}/\ufffd/a", None])
    assert {each[7] for each in answers} == {sha256(b"%d" % number).hexdigest() for number in range(3)}
    assert sum(isinstance(each[1], list) for each in answers) == 2


def node(path: str, *, changed: str = "2026-01-01T00:00:00.5Z", size: int = 1, inode: int = 7) -> Node:
    return Node(
        path=path,
        type="file",
        size=size,
        mode=1 << 23 | 0o750,
        modified="2026-01-01T00:00:00Z",
        exact=True,
        changed=changed,
        inode=inode,
        user=5,
        group=6,
    )


AT = nanoseconds("2026-01-01T00:00:00Z")
LATE = nanoseconds("2026-01-01T00:01:00Z")
SAME = Hashed("", (1, 7, 1, AT, AT + 500_000_000), "0" * 64)
OTHER = Hashed('["L/8="]', (1, 8, 1, AT, AT), "1" * 64)


@pytest.mark.parametrize(
    ("about", "kept", "seen", "proof"),
    [
        ("at rest", [SAME], node("/a"), "0" * 64),
        ("no inode told", [SAME], node("/a", inode=0), "0" * 64),
        ("touched after it was saved", [SAME], node("/a", changed="2026-01-01T00:00:00.4Z"), CHANGED),
        ("another size", [SAME], node("/a", size=2), CHANGED),
        ("another file of the name", [SAME], node("/a", inode=8), CHANGED),
        ("touched when the backup began", [SAME], node("/a", changed="2026-01-01T00:01:00Z"), CHANGED),
        ("changed while it was hashed", [Hashed("", SAME.identity, CHANGED)], node("/a"), CHANGED),
        ("not to be read", [Hashed("", (0, 0, 0, 0, 0), UNREAD)], node("/a"), UNREAD),
        ("never hashed", [], node("/a"), UNREAD),
        ("one of two shown alike", [SAME, Hashed('["L/8="]', (1, 8, 1, AT, AT), "1" * 64)], node("/a"), "0" * 64),
        ("either of two shown alike", [SAME, Hashed('["L/8="]', SAME.identity, "1" * 64)], node("/a"), UNREAD),
    ],
)
def test_a_digest_counts_only_for_what_restic_read(
    tmp_path: Path, about: str, kept: list[Hashed], seen: Node, proof: str
) -> None:
    digests = open_digests(tmp_path / "x.db")
    digests.keep(("/a", each) for each in kept)
    lines = Lines(stream := io.BytesIO())
    lister = Lister(digests, lines, nanoseconds("2026-01-01T00:01:00Z"), lambda _paths: [])
    lister(seen)
    lister.end()
    assert json.loads(stream.getvalue())[3:] == [proof, 0o4750, 5, 6]
    listing = lines.listing()
    assert (lines.changed, lines.unproved) == (["/a"] * (proof == CHANGED), ["/a"] * (proof in (CHANGED, UNREAD)))
    assert (listing.files, listing.changed, listing.unread) == (1, proof == CHANGED, proof == UNREAD)


@pytest.mark.parametrize(
    ("about", "found", "changed", "digest"),
    [
        ("at rest", [SAME], "2026-01-01T00:00:00.5Z", "0" * 64),
        ("of two shown alike", [OTHER, SAME], "2026-01-01T00:00:00.5Z", "0" * 64),
        ("another link of the name", [OTHER], "2026-01-01T00:00:00.5Z", None),
        ("made anew since", [SAME], "2026-01-01T00:00:00.4Z", None),
        ("made when the backup began", [Hashed("", (1, 7, 1, AT, LATE), "0" * 64)], "2026-01-01T00:01:00Z", None),
        ("gone", [Hashed("", (0, 0, 0, 0, 0), CHANGED)], "2026-01-01T00:00:00.5Z", None),
        ("not told", [], "2026-01-01T00:00:00.5Z", None),
    ],
)
def test_where_a_link_leads_counts_only_when_it_is_the_one_that_was_saved(
    tmp_path: Path, about: str, found: list[Hashed], changed: str, digest: str | None
) -> None:
    asked_for: list[list[str]] = []

    def ask(paths: Sequence[str]) -> list[list[Hashed]]:
        asked_for.append(list(paths))
        return [found for _ in paths]

    lines = Lines(stream := io.BytesIO())
    lister = Lister(open_digests(tmp_path / "x.db"), lines, nanoseconds("2026-01-01T00:01:00Z"), ask)
    link = replace(node("/l", changed=changed), type="symlink")
    for _ in range(251):
        lister(link)
    lister.end()
    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert {row[3] for row in rows} == {digest}
    assert [len(each) for each in asked_for] == [250, 1]
    assert (lines.listing().lines, lines.listing().files) == (251, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T08:00:00.1+08:00", 100_000_000),
        ("1969-12-31T16:00:00.1-08:00", 100_000_000),
        ("1969-12-31T23:59:59.5Z", -500_000_000),
        ("2026-11-26T07:24:45.067790817Z", 1_795_677_885_067_790_817),
        ("", 0),
        ("tomorrow", 0),
    ],
)
def test_times_to_the_nanosecond(text: str, expected: int) -> None:
    assert nanoseconds(text) == expected


def test_each_file_has_its_turn_to_be_hashed_again(tmp_path: Path) -> None:
    paths = [f"/srv/{number}" for number in range(300)]
    met: list[str] = []
    for _ in range(SHARE):
        digests = open_digests(tmp_path / "x.db")
        met += [each for each in paths if digests.due(each)]
        digests.close()
    assert sorted(met) == sorted(paths)


def test_a_damaged_store_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    open_digests(path).close(listed="x")
    assert open_digests(path).note("listed") == "x"
    path.write_bytes(b"not a database" * 1000)
    digests = open_digests(path)
    assert (digests.note("listed"), digests.turn, digests.empty) == ("", 1, True)


def test_batches_hold_all_in_order_and_no_more_than_a_pipe_does() -> None:
    batches: Batches[str] = Batches(len)
    items = [str(number) * 100 for number in range(2000)]
    for each in items:
        batches.put(each)
    batches.end()
    found = list(batches)
    assert [each for batch in found for each in batch] == items
    assert max(sum(map(len, batch)) for batch in found) < 65_536
