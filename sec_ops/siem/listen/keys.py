"""Keys of the `_bulk` endpoint: made here, kept as hashes, compared in constant time; whoever guesses is told to wait.

A key is `id:secret`, sent as Elasticsearch's clients do: `ApiKey` and `Bearer` with its Base64, or `Basic` with the id
as the user. The secret has 256 random bits, so that one SHA-256 is hash enough.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Sequence

from sec_ops.model.log_listener import ApiKey
from sec_ops.model.protocols import Randomness
from sec_ops.siem.listen.body import Refusal

__all__ = ["Keyring", "Throttle", "made_key"]

SECRET_BYTES = 32
WRONG_KEYS = 10
"""Wrong keys that one address may send at once."""
SECONDS_PER_WRONG_KEY = 6.0
_REMEMBERED = 10_000
_NOBODY = "0" * 64
_SCHEMES = ("apikey", "basic", "bearer")

_DENIED = Refusal(401, "security_exception", "missing or wrong key; send it as ApiKey, Basic or Bearer")
_SLOWED = Refusal(429, "security_exception", "too many wrong keys from this address; wait a minute")


def made_key(randomness: Randomness) -> tuple[str, str]:
    """Return a new secret and its hash; only the hash is ever kept."""
    secret = base64.urlsafe_b64encode(randomness(SECRET_BYTES)).decode().rstrip("=")
    return secret, hashlib.sha256(secret.encode()).hexdigest()


class Throttle:
    """How many wrong keys each address may still send; a bounded number of addresses is remembered."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def exhausted(self, address: str) -> bool:
        """Return whether an address has to wait."""
        return self._now(address) > WRONG_KEYS - 1

    def wrong(self, address: str) -> None:
        """Count a wrong key."""
        self._spent[address] = (self._now(address) + 1, self._seconds())
        self._spent.move_to_end(address)
        if len(self._spent) > _REMEMBERED:
            self._spent.popitem(last=False)

    def _now(self, address: str) -> float:
        spent, then = self._spent.get(address, (0.0, 0.0))
        return max(0.0, spent - (self._seconds() - then) / SECONDS_PER_WRONG_KEY)


class Keyring:
    """The keys of one listener; without any, nobody is asked for one."""

    def __init__(self, keys: Sequence[ApiKey], throttle: Throttle) -> None:
        self._keys = {key.id: key for key in keys}
        self._networks = {key.id: [ipaddress.ip_network(text) for text in key.networks] for key in keys}
        self._throttle = throttle

    def check(self, authorization: bytes, address: str) -> ApiKey | Refusal | None:
        """Return the key that a header proves, why it proves none, or None when no key is asked for.

        A right key opens whatever its address has sent: behind it may be a whole school, of which one has an old key.
        """
        if not self._keys:
            return None
        name, secret = _presented(authorization)
        key = self._keys.get(name)
        digest = hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()
        right = hmac.compare_digest(digest, key.sha256 if key else _NOBODY)
        if key is not None and right and self._from_here(key, address):
            return key
        if self._throttle.exhausted(address):
            return _SLOWED
        if authorization:
            self._throttle.wrong(address)
        return _DENIED

    def _from_here(self, key: ApiKey, address: str) -> bool:
        networks = self._networks[key.id]
        return not networks or any(ipaddress.ip_address(address) in network for network in networks)


def _presented(authorization: bytes) -> tuple[str, str]:
    """Return the id and secret of a header; empty texts when it holds none."""
    scheme, _, value = authorization.decode("latin-1").strip().partition(" ")
    if scheme.lower() not in _SCHEMES:
        return "", ""
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    name, _, secret = text.partition(":")
    return name, secret
