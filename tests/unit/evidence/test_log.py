"""Appending, reading, refusing; checkpoints when they are due."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sec_ops.evidence.keys import Anchor
from sec_ops.evidence.log import init_log, open_evidence
from sec_ops.model.canonical import canonical_json
from sec_ops.model.errors import ContentInvalid, EngineError, EvidenceBroken, ProgramFailed, UsageError
from sec_ops.model.evidence import LowEntropy
from tests.unit.evidence.support import ORIGIN, ToldClock, doors, facts, faults, hosts, opened


def sizes(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in (folder / "checkpoints").iterdir())


def test_a_new_log(made_log: tuple[Path, Anchor]) -> None:
    folder, anchor = made_log
    kinds = [entry.kind for entry in opened(folder).entries()]
    assert kinds == ["site.created/1", "key.created/1", "key.created/1"]
    assert [(key.role, key.algorithm) for key in anchor.keys] == [("log", "ed25519"), ("log", "sm2")]
    assert faults(folder) == []
    page = (folder / "anchor.txt").read_text()
    assert all(key.fingerprint in page for key in anchor.keys)
    assert "证据日志公钥指纹" in page
    assert "Print" in page or "print" in page


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "中文", "x\ny", "-x"])
def test_names_that_can_not_be(tmp_path: Path, origin: str) -> None:
    parts = doors()
    with pytest.raises(UsageError, match="can't name a log"):
        init_log(
            tmp_path / "e",
            origin=origin,
            clock=parts.clock,
            randomness=parts.randomness,
            run_program=parts.run_program,
        )
    assert not (tmp_path / "e").exists()


def test_a_log_is_made_once(folder: Path) -> None:
    parts = doors()
    before = sorted(folder.rglob("*"))
    with pytest.raises(UsageError, match="already"):
        init_log(folder, origin=ORIGIN, clock=parts.clock, randomness=parts.randomness, run_program=parts.run_program)
    assert sorted(folder.rglob("*")) == before


def test_no_log_no_opening(tmp_path: Path) -> None:
    parts = doors()
    with (
        pytest.raises(UsageError, match="no evidence log"),
        open_evidence(tmp_path, clock=parts.clock, randomness=parts.randomness, run_program=parts.run_program),
    ):
        pass


def test_the_context_signs_what_was_appended(folder: Path) -> None:
    parts = doors()
    with open_evidence(folder, clock=parts.clock, randomness=parts.randomness, run_program=parts.run_program) as log:
        assert log.append("audit.facts/1", facts(1).data, system="records", case="case-1") == 3
    assert sizes(folder) == [3, 4]
    (entry,) = opened(folder).entries(3, 3)
    assert (entry.system, entry.case, entry.assurance, entry.writer) == ("records", "case-1", "os_user", "in_process")


@pytest.mark.parametrize("kind", ["audit.facts/2", "nonsense", "", "key.created/1", "key.closed/1", "log.recovered/1"])
def test_unknown_and_reserved_kinds_are_refused(folder: Path, kind: str) -> None:
    log = opened(folder)
    with pytest.raises(UsageError):
        log.append(kind, {"run": "r"})
    assert len(list(log.entries())) == 3


def test_all_faults_of_the_data_are_told(folder: Path) -> None:
    with pytest.raises(ContentInvalid) as caught:
        opened(folder).append("audit.facts/1", {"run": 1, "host": "h", "surplus": 2})
    assert {fault.path for fault in caught.value.faults} == {"run", "state", "surplus"}


@pytest.mark.parametrize("number", [1.5, True, "3"])
def test_numbers_are_integers(folder: Path, number: object) -> None:
    with pytest.raises(ContentInvalid):
        opened(folder).append("audit.facts/1", {**facts(1).data, "elapsed_ms": number})


def test_an_entry_too_long_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="longer than"):
        opened(folder).append("audit.facts/1", {**facts(1).data, "error": "x" * 70_000})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(categories=("L", "C", "Z", "S")), max_size=40))
def test_any_text_can_be_sealed(folder: Path, text: str) -> None:
    log = opened(folder)
    number = log.append("audit.facts/1", {**facts(1).data, "error": text}, system=text, media_type=text, blob=b"x")
    (entry,) = log.entries(number, number)
    assert entry.data["error"] == text.encode(errors="backslashreplace").decode()


def test_surrogates_from_undecodable_bytes_are_spelled_out(folder: Path) -> None:
    log = opened(folder)
    log.append("audit.facts/1", {**facts(1).data, "host": b"h\xff".decode(errors="surrogateescape")})
    assert hosts(folder) == ["h\\udcff"]
    log.checkpoint()
    assert faults(folder) == []


def test_lines_are_canonical(folder: Path) -> None:
    log = opened(folder)
    log.append_many([facts(number, blob=bytes([number])) for number in range(5)])
    for line in (folder / "log" / "000000.jsonl").read_bytes().splitlines():
        assert canonical_json(json.loads(line)) == line


def test_blobs_come_back_and_lie_encrypted(folder: Path) -> None:
    log = opened(folder)
    secret = b"a host's configuration " * 10
    log.append_many([facts(1, blob=secret), facts(2, blob=secret), facts(3, blob=b"")])
    first, second, empty = (entry.blob for entry in log.entries(3))
    assert first == second
    assert first is not None
    assert empty is not None
    assert log.read_blob(first.sha256) == secret
    assert log.read_blob(empty.sha256) == b""
    stored = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert not any(b"configuration" in each for each in stored)
    assert len([path for path in (folder / "blobs").rglob("*") if path.is_file()]) == 2


def test_low_entropy_content_is_salted(folder: Path) -> None:
    log = opened(folder)
    log.append_many([facts(1, blob=LowEntropy(b"yes")), facts(2, blob=LowEntropy(b"yes")), facts(3, blob=b"yes")])
    blobs = [entry.blob for entry in log.entries(3)]
    assert len({blob.sha256 for blob in blobs if blob}) == 3
    assert [blob.size for blob in blobs if blob] == [35, 35, 3]
    assert {log.read_blob(blob.sha256) for blob in blobs if blob} == {b"yes"}


@pytest.mark.parametrize("part", ["blobs", "blob_keys"])
def test_a_changed_blob_or_key_is_broken(folder: Path, part: str) -> None:
    log = opened(folder)
    log.append_many([facts(1, blob=b"facts")])
    (entry,) = log.entries(3, 3)
    assert entry.blob
    path = next(path for path in (folder / part).rglob("*") if path.is_file())
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            assert log.read_blob(entry.blob.sha256) == b"facts"
            assert part == "blob_keys"  # the key's line has a version number that nothing depends on
        except EvidenceBroken:
            pass
    path.write_bytes(b"")
    with pytest.raises((EvidenceBroken, UsageError)):
        log.read_blob(entry.blob.sha256)
    log.append_many([facts(2, blob=b"facts")])
    assert log.read_blob(entry.blob.sha256) == b"facts"


@pytest.mark.parametrize("digest", ["", "../../keys/keyring.json", "0" * 64, "A" * 64])
def test_digests_that_are_none(folder: Path, digest: str) -> None:
    with pytest.raises(UsageError):
        opened(folder).read_blob(digest)


def test_a_checkpoint_every_thousand_entries(folder: Path) -> None:
    opened(folder).append_many(facts(number) for number in range(2_500))
    assert sizes(folder) == [3, 1_003, 2_003]
    assert faults(folder) == []


def test_a_checkpoint_every_five_minutes_when_there_is_something(folder: Path) -> None:
    clock = ToldClock()
    log = opened(folder, clock=clock)
    log.append_many([facts(1)])
    assert sizes(folder) == [3]
    clock.forward(minutes=5)
    log.checkpoint_if_due()
    assert sizes(folder) == [3, 4]
    clock.forward(minutes=50)
    log.checkpoint_if_due()
    assert sizes(folder) == [3, 4]
    assert log.checkpoint() == 4


def test_a_failing_signer_loses_no_entry(folder: Path) -> None:
    log = opened(folder)
    key = next((folder / "keys").glob("sm2-*.pem"))
    content = key.read_bytes()
    key.write_bytes(b"gone")
    log.append_many(facts(number) for number in range(1_500))
    assert len(hosts(folder)) == 1_500
    with pytest.raises(EngineError) as caught:
        log.checkpoint()
    assert isinstance(caught.value, ProgramFailed)
    key.write_bytes(content)
    assert log.checkpoint() == 1_503
    assert faults(folder) == []


def test_threads_share_one_log(folder: Path) -> None:
    log = opened(folder)
    numbers: list[int] = []

    def work(start: int) -> None:
        numbers.extend(log.append("audit.facts/1", facts(number).data) for number in range(start, start + 20))

    threads = [threading.Thread(target=work, args=(start * 20,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(3, 163))
    assert len(set(hosts(folder))) == 160
    log.checkpoint()
    assert faults(folder) == []


def test_files_hold_65536_lines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("layout", "state", "writer", "recovery", "reading"):
        monkeypatch.setattr(f"sec_ops.evidence.{module}.LINES_PER_FILE", 7)
    (folder / "log" / "000000.jsonl").write_bytes((folder / "log" / "000000.jsonl").read_bytes())
    log = opened(folder)
    log.append_many([facts(number) for number in range(20)])
    names = sorted(path.name for path in (folder / "log").iterdir())
    assert names == ["000000.jsonl", "000001.jsonl", "000002.jsonl", "000003.jsonl"]
    assert len(hosts(folder)) == 20
    assert [entry.seq for entry in log.entries(6, 15)] == list(range(6, 16))
    opened(folder).append_many([facts(20)])
    assert hosts(folder)[-1] == "host-20"


def test_nothing_in_the_folder_is_for_others(folder: Path) -> None:
    opened(folder).append_many([facts(1, blob=b"x")])
    modes: dict[str, Any] = {str(path): path.stat().st_mode & 0o077 for path in folder.rglob("*")}
    assert {path: mode for path, mode in modes.items() if mode} == {}
