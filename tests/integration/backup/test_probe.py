"""The immutability probe tells a server that refuses from one that doesn't, whatever restic's exit codes say."""

from datetime import UTC, datetime

import pytest

from sec_ops.backup.probing.attacks import Attack, Outcome, probe
from sec_ops.backup.probing.raw import raw_door
from sec_ops.backup.restic.requests import BackupRequest, ReadData
from sec_ops.backup.verdict import Verdict
from tests.servers.repository_servers import rest_server, s3_server
from tests.servers.restic import make_repository, make_restic, sftp_server

pytestmark = pytest.mark.integration


def now():
    return datetime.now(UTC)


def results(probed):
    return {each.attack: each.outcome for each in probed.attacks}


def probed_twice(restic, tree):
    """Probe with a real snapshot beside: it is never touched, and the repository stays whole."""
    real = restic.backup(BackupRequest(host="h", tags=["t"], paths=[tree])).summary.snapshot_id
    first = probe(restic, raw_door(restic.repository, now), now=now())
    second = probe(restic, raw_door(restic.repository, now), now=now())
    assert first.judged.good
    assert results(first) == results(second)
    assert first.repository_id == restic.cat_config().repository_id
    assert real in {each.id for each in restic.snapshots().snapshots}
    assert restic.check(ReadData(subset="all")).judged.good
    return first


def test_a_folder_refuses_nothing(restic, tree):
    probed = probed_twice(restic, tree)
    assert not probed.immutable
    assert results(probed)[Attack.DELETE] is Outcome.DONE
    assert results(probed)[Attack.TAG] is Outcome.DONE
    assert [each.host for each in restic.snapshots().snapshots] == ["h"], "nothing of the probe is left"


def test_sftp_refuses_nothing(tmp_path, tree):
    folder = tmp_path / "sshd"
    folder.mkdir()
    with sftp_server(folder) as server:
        restic = make_restic(server.repository("far"), tmp_path)
        assert restic.init().judged.good
        assert not probed_twice(restic, tree).immutable


def test_a_repository_that_is_not_there_proves_nothing(tmp_path):
    probed = probe(make_restic(make_repository(tmp_path / "none"), tmp_path), None, now=now())
    assert probed.judged.verdict is Verdict.NO_REPOSITORY
    assert not probed.immutable


@pytest.mark.heavy
def test_append_only_refuses_everything_it_can(tmp_path, tree):
    with rest_server(tmp_path, "--append-only", users={"a": "pw"}) as server:
        repository = make_repository(server.location("r"), credentials=server.credentials)
        restic = make_restic(repository, tmp_path)
        assert restic.init().judged.good
        probed = probed_twice(restic, tree)
        assert probed.immutable
        found = results(probed)
        assert found.pop(Attack.BACK_DATE) is Outcome.DONE
        assert len(found) == 6
        assert set(found.values()) == {Outcome.REFUSED}
        tag = next(each for each in probed.attacks if each.attack is Attack.TAG)
        assert tag.exit_code == 0, "the refusal restic itself calls a success"
        assert "403" in tag.answer


@pytest.mark.heavy
def test_an_ordinary_rest_server_is_no_proof(tmp_path, tree):
    with rest_server(tmp_path) as server:
        restic = make_restic(make_repository(server.location("r"), append_only=True), tmp_path)
        assert restic.init().judged.good
        found = results(probed_twice(restic, tree))
        assert {found[each] for each in (Attack.DELETE, Attack.TAG, Attack.REMOVE_DATA)} == {Outcome.DONE}


@pytest.mark.heavy
def test_s3_without_a_policy_is_no_proof_and_stays_whole(tmp_path, tree):
    with s3_server(tmp_path) as server:
        repository = make_repository(server.location("bucket-one", "r"), credentials=server.credentials)
        restic = make_restic(repository, tmp_path)
        assert restic.init().judged.good
        probed = probed_twice(restic, tree)
        assert not probed.immutable
        assert results(probed)[Attack.OVERWRITE] is Outcome.DONE
