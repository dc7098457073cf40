"""Keys and passwords, read once for a fleet; all faults of all targets at once."""

from dataclasses import replace
from pathlib import Path

import pytest

from sec_ops.model.errors import ContentInvalid
from sec_ops.runtime.secrets import Secret, Secrets
from sec_ops.transport.credentials import read_credentials
from sec_ops.transport.process import run_program
from sec_ops.transport.values import Target


def _target(folder: Path, **changes: object) -> Target:
    plain = Target(name="a", address="192.0.2.1", user="u", known_hosts=folder / "known_hosts")
    return replace(plain, **changes)  # type: ignore[arg-type]


def _key(folder: Path, *options: str) -> Path:
    path = folder / "key"
    run_program(["ssh-keygen", "-q", "-f", str(path), *(options or ("-t", "ed25519", "-N", ""))])
    return path


def _secrets(**environment: str) -> Secrets:
    return Secrets(run_program=run_program, environment=environment)


@pytest.mark.parametrize(
    "options",
    [
        ("-t", "ed25519", "-N", ""),
        ("-t", "rsa", "-b", "2048", "-N", ""),
        ("-t", "ecdsa", "-N", ""),
        ("-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""),
        ("-t", "ed25519", "-N", "opensesame"),
        ("-t", "ecdsa", "-m", "PEM", "-N", "opensesame"),
    ],
)
def test_the_usual_keys_are_read(tmp_path, options):
    target = _target(tmp_path, identity_file=_key(tmp_path, *options))
    if options[-1]:
        target = replace(target, identity_passphrase={"env": "PHRASE"})
    (credentials,) = read_credentials([target], _secrets(PHRASE="opensesame"))
    assert credentials.key is not None
    assert credentials.key.can_sign()


def test_everything_is_read_once(tmp_path):
    read: list[object] = []

    def reader(reference):
        read.append(reference)
        return Secret("s3cret")

    key = _key(tmp_path)
    target = _target(tmp_path, identity_file=key, password={"env": "A"}, sudo_password={"env": "A"})
    first, second = read_credentials([target, replace(target, name="b")], reader)
    assert first.key is second.key
    assert read == [{"env": "A"}]
    assert "s3cret" not in f"{first}"


def test_all_faults_are_told_at_once(tmp_path):
    key = _key(tmp_path, "-t", "ed25519", "-N", "opensesame")
    (tmp_path / "junk").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n")
    (tmp_path / "junk").chmod(0o600)
    targets = [
        _target(tmp_path, identity_file=key),
        _target(tmp_path, identity_file=key, name="same again"),
        _target(tmp_path, identity_file=tmp_path / "junk"),
        _target(tmp_path, identity_file=tmp_path / "missing"),
        _target(tmp_path, password={"env": "MISSING"}),
        _target(tmp_path, known_hosts=tmp_path),
    ]
    with pytest.raises(ContentInvalid) as caught:
        read_credentials(targets, _secrets())
    assert len(caught.value.faults) == 5


@pytest.mark.parametrize("value", ["one\ntouch /tmp/owned", "one\r", "tab\there", "nul\x00", "del\x7f"])
def test_a_sudo_password_that_could_become_a_command_is_refused(tmp_path, value):
    target = _target(tmp_path, sudo_password={"env": "A"})
    with pytest.raises(ContentInvalid, match="faults") as caught:
        read_credentials([target], lambda _: Secret(value))
    assert value not in str(caught.value.faults[0].message)


def test_a_wrong_passphrase_is_not_shown(tmp_path):
    target = _target(
        tmp_path, identity_file=_key(tmp_path, "-t", "ed25519", "-N", "opensesame"), identity_passphrase={"env": "A"}
    )
    with pytest.raises(ContentInvalid) as caught:
        read_credentials([target], _secrets(A="not-the-phrase"))
    assert "not-the-phrase" not in repr(caught.value.faults)
