"""The witness: cosigns what continues, refuses what was rolled back, forked or signed by others."""

import shutil
from pathlib import Path

import pytest

from sec_ops.evidence.bundle import bundle
from sec_ops.evidence.cosigning import accept_cosignatures, cosign_request
from sec_ops.evidence.exchange import Cosignatures, CosignRequest, read_exchange, write_exchange
from sec_ops.evidence.files import DiskFiles
from sec_ops.evidence.keeping import enrol_witness, revoke_key, rotate_keys
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.live import verify_live
from sec_ops.evidence.witness import Witness, make_witness, open_witness
from sec_ops.model.errors import ContentInvalid, EvidenceBroken, UsageError
from tests.unit.evidence.bundles import report
from tests.unit.evidence.support import ToldClock, codes, doors, facts, faults, opened


@pytest.fixture
def witness(folder: Path, tmp_path: Path, trust: tuple[str, ...]) -> Witness:
    made = make_witness(tmp_path / "witness", name="witness.example.org", trust=frozenset(trust))
    enrol(folder, made)
    return made


def enrol(folder: Path, witness: Witness) -> None:
    der = witness.signer.public_key()
    enrol_witness(Layout(folder), doors(), opened(folder).writer, witness.name, der)


def request(folder: Path, old_size: int | None = None) -> CosignRequest:
    opened(folder).checkpoint()
    return cosign_request(Layout(folder), DiskFiles(), old_size=old_size)


def cosigned(folder: Path, witness: Witness) -> int:
    answer = open_witness(witness.folder).cosign(request(folder), ToldClock())
    return accept_cosignatures(Layout(folder), DiskFiles(), opened(folder).writer, answer)


def test_cosigned_again_and_again(folder: Path, witness: Witness, trust: tuple[str, ...], tmp_path: Path) -> None:
    for number in range(4):
        opened(folder).append_many(facts(each) for each in range(number * 3 + 1))
        size = cosigned(folder, witness)
    found = verify_live(folder, (*trust, witness.fingerprint()), all_signatures="all").report("yes")
    assert found["outcome"] == ["clean"]
    assert found["witnessed_size"] == size == found["entries"]
    assert found["unwitnessed_entries"] == 0
    opened(folder).append_many([facts(99)])
    assert cosign_request(Layout(folder), DiskFiles()).old_size == size
    assert witness.fingerprint() in (folder / "anchor.txt").read_text()


def test_a_bundle_with_its_witness(folder: Path, witness: Witness, trust: tuple[str, ...], tmp_path: Path) -> None:
    opened(folder).append_many([facts(1)])
    size = cosigned(folder, witness)
    made = bundle(opened(folder), folder, run="run-1", output=tmp_path / "x.evz")
    assert made.end == size + 1
    found = report(tmp_path / "x.evz", (*trust, witness.fingerprint()), witness="yes")
    assert (found["outcome"], found["witnessed_size"], found["unwitnessed_entries"]) == (["clean"], size, 1)
    assert codes(report(tmp_path / "x.evz", trust, witness="yes")) == {"witness"}, "not on the paper that was given"
    cosigned(folder, witness)
    again = bundle(opened(folder), folder, run="run-1", output=tmp_path / "y.evz")
    assert again.end == made.end
    assert report(tmp_path / "y.evz", (*trust, witness.fingerprint()))["unwitnessed_entries"] == 0


def test_a_fingerprint_counts_in_the_role_it_was_given_for(
    folder: Path, witness: Witness, trust: tuple[str, ...], tmp_path: Path
) -> None:
    opened(folder).append_many([facts(1)])
    cosigned(folder, witness)
    bundle(opened(folder), folder, run="run-1", output=tmp_path / "x.evz")
    logs = tuple("log" + each for each in trust)
    assert report(tmp_path / "x.evz", (*logs, "witness" + witness.fingerprint()), witness="yes")["outcome"] == ["clean"]
    assert codes(report(tmp_path / "x.evz", (*logs, "log" + witness.fingerprint()), witness="yes")) == {"witness"}
    assert not report(tmp_path / "x.evz", tuple("witness" + each for each in trust))["anchored"]


def test_a_rollback_is_refused(folder: Path, witness: Witness, tmp_path: Path) -> None:
    old = Path(shutil.copytree(folder, tmp_path / "old"))
    opened(folder).append_many([facts(1)])
    cosigned(folder, witness)
    with pytest.raises(EvidenceBroken, match="rollback"):
        open_witness(witness.folder).cosign(request(old), ToldClock())


@pytest.mark.parametrize("more", [1, 5])
def test_a_fork_is_refused(folder: Path, witness: Witness, tmp_path: Path, more: int) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    opened(folder).append_many([facts(1)])
    size = cosigned(folder, witness)
    opened(other).append_many([facts(2)])
    opened(other).checkpoint()
    if more > 1:
        opened(other).append_many(facts(each) for each in range(more))
    with pytest.raises(EvidenceBroken, match="fork"):
        open_witness(witness.folder).cosign(request(other, size), ToldClock())
    assert open_witness(witness.folder).size == size


def test_a_log_signed_by_other_keys_is_refused(folder: Path, tmp_path: Path) -> None:
    stranger = make_witness(tmp_path / "stranger", name="w.example.org", trust=frozenset({"0" * 64}))
    with pytest.raises(EvidenceBroken, match="on paper"):
        stranger.cosign(request(folder), ToldClock())
    assert open_witness(tmp_path / "stranger").size == 0


def test_it_follows_a_rotation_but_no_replacement(folder: Path, witness: Witness, trust: tuple[str, ...]) -> None:
    cosigned(folder, witness)
    rotate_keys(Layout(folder), doors(), opened(folder).writer)
    size = cosigned(folder, witness)
    assert open_witness(witness.folder).size == size
    current = opened(folder).entries
    key = [entry for entry in current() if entry.kind == "key.created/1"][-1]
    import base64

    from sec_ops.evidence.signers import fingerprint

    digest = fingerprint(base64.b64decode(key.data["public_key"]))
    revoke_key(Layout(folder), doors(), opened(folder).writer, digest, "lost")
    with pytest.raises(EvidenceBroken, match="on paper"):
        open_witness(witness.folder).cosign(request(folder), ToldClock())


def test_another_log_is_refused(folder: Path, witness: Witness) -> None:
    cosigned(folder, witness)
    asked = request(folder)
    renamed = asked.model_copy(
        update={
            "origin": "other",
            "notes": asked.notes.model_copy(
                update={
                    "sha256": asked.notes.sha256.replace("evidence.example.org/city\n", "other\n", 1),
                    "sm3": asked.notes.sm3.replace("evidence.example.org/city/sm3\n", "other/sm3\n", 1),
                }
            ),
        }
    )
    with pytest.raises(EvidenceBroken, match="follows"):
        open_witness(witness.folder).cosign(renamed, ToldClock())


def test_a_proof_from_another_size_says_which_to_ask(folder: Path, witness: Witness) -> None:
    size = cosigned(folder, witness)
    opened(folder).append_many([facts(1)])
    with pytest.raises(UsageError) as caught:
        open_witness(witness.folder).cosign(request(folder, 3), ToldClock())
    assert f"--from {size}" in str(caught.value.advice)
    assert open_witness(witness.folder).cosign(request(folder, size), ToldClock()).size == size + 1


def test_cosignatures_of_nobody_enrolled_are_refused(
    folder: Path, witness: Witness, tmp_path: Path, trust: tuple[str, ...]
) -> None:
    stranger = make_witness(tmp_path / "stranger", name="w.example.org", trust=frozenset(trust))
    answer = stranger.cosign(request(folder), ToldClock())
    with pytest.raises(EvidenceBroken, match="not that of an enrolled witness"):
        accept_cosignatures(Layout(folder), DiskFiles(), opened(folder).writer, answer)
    wrong = answer.model_copy(update={"size": 2})
    with pytest.raises(UsageError, match="no checkpoint"):
        accept_cosignatures(Layout(folder), DiskFiles(), opened(folder).writer, wrong)
    swapped = answer.lines.model_copy(update={"sha256": answer.lines.sm3})
    with pytest.raises(EvidenceBroken):
        accept_cosignatures(
            Layout(folder), DiskFiles(), opened(folder).writer, answer.model_copy(update={"lines": swapped})
        )
    assert faults(folder) == []


def test_one_witness_is_enrolled_once(folder: Path, witness: Witness) -> None:
    with pytest.raises(UsageError, match="already"):
        enrol(folder, witness)


def test_files_of_the_exchange(folder: Path, witness: Witness, tmp_path: Path) -> None:
    asked = request(folder)
    write_exchange(tmp_path / "request.json", asked)
    assert read_exchange(tmp_path / "request.json", CosignRequest) == asked
    with pytest.raises(ContentInvalid) as caught:
        read_exchange(tmp_path / "request.json", Cosignatures)
    assert len(caught.value.faults) > 3
    with pytest.raises(UsageError):
        read_exchange(tmp_path / "none.json", Cosignatures)
    (tmp_path / "bad.json").write_bytes(b"\xff" * 100)
    with pytest.raises(ContentInvalid):
        read_exchange(tmp_path / "bad.json", Cosignatures)


@pytest.mark.parametrize(("name", "trust_given"), [("two words", ("0" * 64,)), ("w", ())])
def test_witnesses_that_can_not_be(tmp_path: Path, name: str, trust_given: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        make_witness(tmp_path / "w", name=name, trust=frozenset(trust_given))
    with pytest.raises(UsageError):
        open_witness(tmp_path / "w")
