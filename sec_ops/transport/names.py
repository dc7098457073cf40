"""Names of hosts to addresses, as this machine resolves them."""

import socket

__all__ = ["addresses_of"]


def addresses_of(name: str) -> tuple[str, ...]:
    """Return the addresses of a name, an address as itself; none when it has none now."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(place[0]) for *_, place in found))
