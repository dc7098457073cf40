"""Keys: every way clients send them, nothing else; guessing is slow."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.model.log_listener import ApiKey
from sec_ops.siem.listen import keys
from sec_ops.siem.listen.body import Refusal
from sec_ops.siem.listen.keys import Keyring, Throttle, made_key

SECRET = "s3cret:with:colons"
KEY = ApiKey(id="school-7", sha256=hashlib.sha256(SECRET.encode()).hexdigest())
NARROW = ApiKey(id="narrow", sha256=KEY.sha256, networks=("10.0.0.0/8",))


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def header(scheme: str, name: str, secret: str) -> bytes:
    return f"{scheme} {base64.b64encode(f'{name}:{secret}'.encode()).decode()}".encode()


def ring(time: Time | None = None) -> Keyring:
    return Keyring([KEY, NARROW], Throttle(time or Time()))


@pytest.mark.parametrize("scheme", ["ApiKey", "apikey", "Basic", "Bearer", "BEARER"])
def test_every_scheme(scheme: str) -> None:
    assert ring().check(header(scheme, "school-7", SECRET), "192.0.2.1") == KEY


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"ApiKey",
        b"ApiKey !!!",
        b"ApiKey " + base64.b64encode(b"\xff\xfe"),
        b"Digest " + base64.b64encode(b"school-7:" + SECRET.encode()),
        header("ApiKey", "school-7", ""),
        header("ApiKey", "school-7", SECRET + "x"),
        header("ApiKey", "school-8", SECRET),
        header("ApiKey", "school-7", KEY.sha256),
        header("ApiKey", "narrow", SECRET),
    ],
    ids=repr,
)
def test_wrong(given: bytes) -> None:
    refusal = ring().check(given, "192.0.2.1")
    assert isinstance(refusal, Refusal)
    assert refusal.status == 401


@given(st.binary(max_size=80))
def test_no_header_opens_or_raises(given: bytes) -> None:
    assert isinstance(ring().check(given, "192.0.2.1"), Refusal)


def test_a_key_for_one_network() -> None:
    assert ring().check(header("ApiKey", "narrow", SECRET), "10.1.1.1") == NARROW


def test_without_keys_nobody_is_asked() -> None:
    assert Keyring([], Throttle(Time())).check(b"", "127.0.0.1") is None


def test_who_guesses_is_told_to_wait_and_hurts_nobody() -> None:
    time = Time()
    made = ring(time)
    wrong, right = header("ApiKey", "school-7", "guess"), header("ApiKey", "school-7", SECRET)
    statuses = [made.check(wrong, "192.0.2.1").status for _ in range(12)]  # type: ignore[union-attr]
    assert statuses == [401] * 10 + [429] * 2
    assert made.check(b"", "192.0.2.1").status == 429  # type: ignore[union-attr]
    assert made.check(right, "192.0.2.1") == made.check(right, "192.0.2.2") == KEY
    assert made.check(wrong, "192.0.2.2").status == 401  # type: ignore[union-attr]
    time.now = 6.1
    assert [made.check(each, "192.0.2.1").status for each in (b"", wrong, wrong)] == [401, 401, 429]  # type: ignore[union-attr]


def test_only_so_many_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_REMEMBERED", 5)
    throttle = Throttle(Time())
    for number in range(50):
        throttle.wrong(f"10.0.0.{number}")
    assert len(throttle._spent) == 5


def test_a_made_key_opens() -> None:
    secret, digest = made_key(lambda size: bytes(range(size)))
    key = ApiKey(id="new", sha256=digest)
    assert Keyring([key], Throttle(Time())).check(header("Basic", "new", secret), "127.0.0.1") == key
    assert len(secret) == 43
