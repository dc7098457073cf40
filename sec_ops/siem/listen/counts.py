"""What a listener has counted since it started; nothing that was refused, cut or dropped goes unseen."""

from dataclasses import asdict, dataclass, field

__all__ = ["Counts"]


@dataclass(slots=True, kw_only=True)
class Counts:
    """Running counts of one listener."""

    messages: int = 0
    """Records that are on disk."""
    bytes: int = 0
    """Their bytes, without framing."""
    duplicates: int = 0
    """Documents whose `_id` had come before, and that were therefore not kept again."""
    oversized: int = 0
    """Messages longer than the bound, kept in pieces."""
    unfinished: int = 0
    """Messages that a connection left half sent; what came of them is kept."""
    dropped: int = 0
    """Datagrams that the system dropped because nobody fetched them in time."""
    strangers: int = 0
    """Datagrams or connections of senders that are not allowed."""
    overcrowded: int = 0
    """Connections refused because there were too many."""
    connections: int = 0
    """Connections that are open now."""
    accepted: int = 0
    """Connections ever accepted."""
    handshakes_failed: int = 0
    """TLS handshakes that came to nothing, certificates that were refused among them."""
    broken: int = 0
    """Connections closed because what they sent was not the protocol."""
    expired: int = 0
    """Connections closed because they were silent, or slow with a message they had begun."""
    requests: int = 0
    """HTTP requests answered."""
    denied: int = 0
    """Requests without a valid key."""
    throttled: int = 0
    """Requests turned away after too many wrong keys."""
    rejected: int = 0
    """Documents of bulk requests that were not taken, each told to its sender."""
    failed: int = 0
    """Messages handed back unacknowledged because they could not be written; their senders send them again."""
    strange_addresses: dict[str, int] = field(default_factory=dict)
    """The first senders that are not allowed, with what came from each."""

    def stranger(self, address: str) -> None:
        """Count something of a sender that is not allowed; a hundred addresses are remembered."""
        self.strangers += 1
        if address in self.strange_addresses or len(self.strange_addresses) < _REMEMBERED:
            self.strange_addresses[address] = self.strange_addresses.get(address, 0) + 1

    def document(self) -> dict[str, int | dict[str, int]]:
        """Return all counts by name."""
        return asdict(self)


_REMEMBERED = 100
