"""Repositories are opened with all faults at once, secrets never shown."""

from pathlib import Path

import pytest

from sec_ops.backup.restic.access import straight
from sec_ops.backup.restic.opening import open_repository
from sec_ops.backup.restic.target import one_value, ssh_options
from sec_ops.model.backup_plan import Repository
from sec_ops.model.errors import ContentInvalid
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.process import run_program
from tests.servers.restic import make_repository

READ = Secrets(run_program=run_program, environment={"PASSWORD": "pw", "KEY": "secret-key"})


def repository(**more):
    words = {"id": "r", "place": "p", "location": "/srv/r", "password": {"env": "PASSWORD"}}
    return Repository(**(words | more))


def test_all_that_a_call_needs(tmp_path: Path):
    (tmp_path / "ca.pem").touch()
    opened = open_repository(
        repository(
            location="rest:https://b.example/r",
            credentials={"RESTIC_REST_PASSWORD": {"env": "KEY"}},
            certificate="ca.pem",
            deadline_minutes=2,
        ),
        READ,
        folder=tmp_path,
    )
    assert opened.certificate == tmp_path / "ca.pem"
    assert opened.deadline_seconds == 120
    assert "secret-key" not in repr(opened)
    assert "pw" not in repr(opened).replace("password", "")
    assert {each.get_secret_value() for each in opened.secrets} == {"pw", "secret-key"}


def test_a_secret_s_file_is_taken_from_the_site(tmp_path: Path):
    (tmp_path / "password").write_text("from file\n")
    (tmp_path / "password").chmod(0o600)
    opened = open_repository(repository(password={"file": "password"}), READ, folder=tmp_path)
    assert opened.password.get_secret_value() == "from file"


def test_every_fault_is_told_at_once(tmp_path: Path):
    broken = repository(
        location="s3:https://s3.example/ab/r",
        password={"env": "MISSING"},
        credentials={"LD_PRELOAD": {"env": "KEY"}, "AWS_SECRET_ACCESS_KEY": {"env": "MISSING_TOO"}},
        certificate="nowhere.pem",
        known_hosts="nowhere",
    )
    with pytest.raises(ContentInvalid) as caught:
        open_repository(broken, READ, folder=tmp_path)
    places = [each.path.partition(":")[0] for each in caught.value.faults]
    assert places == ["location", "password", "LD_PRELOAD", "AWS_SECRET_ACCESS_KEY", "certificate", "known_hosts"]
    assert {each.file for each in caught.value.faults} == {"backup/repositories/r.yml"}


def test_credentials_never_go_in_plain_sight(tmp_path: Path):
    keys = {"RESTIC_REST_PASSWORD": {"env": "KEY"}}
    with pytest.raises(ContentInvalid, match="1 fault") as caught:
        open_repository(repository(location="rest:http://b.example/r", credentials=keys), READ, folder=tmp_path)
    assert "plain HTTP" in str(caught.value.faults[0].message)
    open_repository(repository(location="rest:http://127.0.0.1/r", credentials=keys), READ, folder=tmp_path)


def test_ssh_never_asks_and_never_trusts_an_unknown_key(tmp_path: Path):
    (tmp_path / 'k"ey, one').touch()
    opened = open_repository(repository(location="sftp:u@h:/r", identity_file='k"ey, one'), READ, folder=tmp_path)
    flag, value = ssh_options([opened])
    assert flag == "-o"
    for word in ("StrictHostKeyChecking=yes", "BatchMode=yes", "ConnectTimeout=5", "IdentitiesOnly=yes"):
        assert word in value
    assert ssh_options([open_repository(repository(), READ, folder=tmp_path)]) == []


@pytest.mark.parametrize(("text", "line"), [("a", '"a"'), ('a"b,c', '"a""b,c"')])
def test_one_value_of_a_line_of_csv(text, line):
    assert one_value(text) == line


def test_credentials_that_exclude_each_other_are_told(tmp_path: Path):
    first, second, third = (
        make_repository(f"s3:http://127.0.0.1:9/bucket/{key}", credentials={"AWS_ACCESS_KEY_ID": key}, name=key)
        for key in ("one", "two", "one")
    )
    with pytest.raises(ContentInvalid) as caught:
        straight((first, second))
    assert "AWS_ACCESS_KEY_ID" in str(caught.value.faults[0].message)
    assert straight((first, third)).environment["AWS_ACCESS_KEY_ID"] == "one"
    rest = make_repository("rest:https://b.example/r", credentials={"RESTIC_REST_PASSWORD": "x"})
    assert "RESTIC_REST_PASSWORD" not in straight((first, rest)).environment
