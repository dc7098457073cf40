"""Secret references: what each kind reads, what it refuses, and that nothing prints the value."""

import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.model.errors import ContentInvalid
from sec_ops.runtime.secrets import Secret, Secrets, private_file, redact
from sec_ops.transport.process import run_program


def _secrets(**environment: str) -> Secrets:
    return Secrets(run_program=run_program, environment=environment)


def _file(folder: Path, text: str = "s3cret\n", mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_each_kind_is_read(tmp_path: Path):
    path = _file(tmp_path)
    read = _secrets(SECRET_OF_TEST="s3cret", CREDENTIALS_DIRECTORY=str(tmp_path))
    references = (
        {"file": str(path)},
        {"env": "SECRET_OF_TEST"},
        {"command": f"cat '{path}'"},
        {"systemd_credential": "secret"},
    )
    assert [read(each).get_secret_value() for each in references] == ["s3cret"] * 4


@pytest.mark.parametrize(
    ("text", "value"),
    [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a ", "a "), ("密码\n", "密码")],
)
def test_one_line_end_is_not_part_of_the_secret(tmp_path, text, value):
    assert _secrets()({"file": str(_file(tmp_path, text))}).get_secret_value() == value


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644, 0o610])
def test_a_file_open_to_others_is_refused(tmp_path, mode):
    with pytest.raises(ContentInvalid, match="others may read it") as caught:
        _secrets()({"file": str(_file(tmp_path, mode=mode))})
    assert "chmod 600" in str(caught.value.advice)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_refused(tmp_path):
    path = _file(tmp_path)
    os.chown(path, 12345, 12345)
    with pytest.raises(ContentInvalid, match="another user"):
        _secrets()({"file": str(path)})


@pytest.mark.parametrize(
    "reference",
    [
        {},
        {"file": "/a", "env": "B"},
        {"password": "in plain"},
        {"env": "NOT_SET"},
        {"env": ""},
        {"file": "/no/such/file"},
        {"file": "/dev/null"},
        {"file": "/etc"},
        {"command": "false"},
        {"command": "true"},
        {"command": "no-such-program"},
        {"command": "cat 'unclosed"},
        {"command": "head -c 5 /dev/zero | tr '\\0' '\\377'"},
        {"systemd_credential": "name"},
    ],
)
def test_faulty_references_are_faults_of_content(reference):
    with pytest.raises(ContentInvalid) as caught:
        _secrets()(reference)
    assert caught.value.faults


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "a/b"])
def test_a_credential_stays_in_its_folder(tmp_path, name):
    with pytest.raises(ContentInvalid, match="no slash"):
        _secrets(CREDENTIALS_DIRECTORY=str(tmp_path))({"systemd_credential": name})


def test_undecodable_secrets_are_refused(tmp_path):
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(ContentInvalid, match="UTF-8"):
        _secrets()({"file": str(path)})


def test_a_fifo_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "fifo", 0o600)
    with pytest.raises(ContentInvalid, match="regular"):
        private_file(tmp_path / "fifo", bound=10)


def test_nothing_prints_the_value(caplog):
    secret = Secret("s3cret-value")
    logging.getLogger("test").warning("%s %r %s", secret, secret, {"key": secret})
    shown = f"{secret} {secret!r} {secret!s} {[secret]} {caplog.text} {vars(secret).keys()}"
    assert "s3cret-value" not in shown


_DIGITS = st.text(alphabet="0123")


@given(value=st.text(alphabet="0123", min_size=3), before=_DIGITS, after=_DIGITS)
def test_redaction_leaves_no_trace(value, before, after):
    shown = redact(f"{before}{value}{after}{value}", [Secret(value)])
    assert value not in shown
    assert "[redacted]" in shown


def test_the_longest_secret_goes_first():
    assert redact("abcdef", [Secret("abc"), Secret("abcdef")]) == "[redacted]"
