"""Signatures by real `ssh-keygen`: the right key, in its days, over these very bytes."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sec_ops.identity.signatures import allowed_signers, sign, verify
from sec_ops.model.errors import UsageError
from sec_ops.model.people import Person
from sec_ops.transport.process import run_program
from tests.unit.identity.keys import make_key, person

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
STATEMENT = b'{"purpose":"content"}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys")
    for name in ("zhou", "wu"):
        make_key(path, name)
    return path


def test_a_signature_holds(folder: Path) -> None:
    signature = sign(STATEMENT, folder / "zhou", run_program)
    assert verify(STATEMENT, signature, person("zhou", folder / "zhou"), NOON, run_program) is None


@pytest.mark.parametrize("change", ["statement", "signature", "key", "person without key", "not a signature"])
def test_what_does_not_hold(folder: Path, change: str) -> None:
    signature = sign(STATEMENT, folder / "zhou", run_program)
    signer = person("zhou", None if change == "person without key" else folder / ("wu" if change == "key" else "zhou"))
    statement = STATEMENT + b" " if change == "statement" else STATEMENT
    if change == "signature":
        signature = sign(b"other", folder / "zhou", run_program)
    if change == "not a signature":
        signature = "hello"
    assert verify(statement, signature, signer, NOON, run_program) is not None


@pytest.mark.parametrize(
    ("days", "good"),
    [
        ({"valid_from": "2026-11-23"}, True),
        ({"valid_from": "2026-11-24"}, False),
        ({"valid_until": "2026-11-23"}, True),
        ({"valid_until": "2026-11-22"}, False),
    ],
)
def test_the_days_of_a_key(folder: Path, days: dict[str, str], good: bool) -> None:
    line = (folder / "zhou.pub").read_text().strip()
    signer = Person.model_validate({**person("zhou").model_dump(), "keys": [{"key": line, **days}]})
    signature = sign(STATEMENT, folder / "zhou", run_program)
    assert (verify(STATEMENT, signature, signer, NOON, run_program) is None) is good


@pytest.mark.parametrize(("expires", "good"), [("2026-11-23", True), ("2026-11-22", False)])
def test_the_last_day_of_an_account(folder: Path, expires: str, good: bool) -> None:
    signature = sign(STATEMENT, folder / "zhou", run_program)
    signer = person("zhou", folder / "zhou", expires=expires)
    assert (verify(STATEMENT, signature, signer, NOON, run_program) is None) is good


def test_a_signature_for_another_purpose_does_not_count(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "mail"
    file.write_bytes(STATEMENT)
    run_program(["ssh-keygen", "-Y", "sign", "-q", "-f", str(folder / "zhou"), "-n", "file", str(file)])
    foreign = (tmp_path / "mail.sig").read_text()
    assert verify(STATEMENT, foreign, person("zhou", folder / "zhou"), NOON, run_program) is not None


def test_a_key_that_cannot_sign(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no key file"):
        sign(STATEMENT, tmp_path / "none", run_program)
    broken = tmp_path / "broken"
    broken.write_text("not a key")
    broken.chmod(0o600)
    with pytest.raises(UsageError, match="did not sign"):
        sign(STATEMENT, broken, run_program)


def test_allowed_signers_bind_the_namespace_and_the_day(folder: Path) -> None:
    line = (folder / "zhou.pub").read_text().strip()
    key = {"key": line, "valid_from": "2026-01-05", "valid_until": "2027-06-30"}
    signer = Person.model_validate({**person("zhou", expires="2026-12-31").model_dump(), "keys": [key]})
    bare = " ".join(line.split()[:2])
    assert allowed_signers([signer], date(2026, 12, 31)) == f'zhou namespaces="sec-ops-approval" {bare}\n'
    assert allowed_signers([signer], date(2026, 1, 4)) == ""
    assert allowed_signers([signer], date(2027, 1, 1)) == ""
