"""How much of some bytes can't be told from random ones, as cipher text can't and packed data mostly can.

Pearson's chi-squared test of the byte counts against equal ones, block by block: 255 degrees of freedom, so random
bytes give 255 with a deviation of 22.6. Blocks of 32 KiB tell packed data (400 and more) from random; blocks of 4 KiB
can't, but find random stretches between text.
"""

from collections import Counter

__all__ = ["COARSE_BYTES", "FINE_BYTES", "random_share"]

COARSE_BYTES = 32 * 1024
FINE_BYTES = 4 * 1024
_LEAST_BYTES = 2048
_FREEDOM = 255
_BOUND = 345.0
"""Random bytes go beyond once in ten thousand blocks."""


def random_share(data: bytes, block_bytes: int) -> float | None:
    """Return the share of blocks that can't be told from random, None for less than two kilobytes."""
    if len(data) < _LEAST_BYTES:
        return None
    blocks = [data[start : start + block_bytes] for start in range(0, len(data), block_bytes)]
    if len(blocks) > 1 and len(blocks[-1]) < _LEAST_BYTES:
        blocks.pop()
    return sum(_chi_squared(block) < _BOUND for block in blocks) / len(blocks)


def _chi_squared(block: bytes) -> float:
    expected = len(block) / (_FREEDOM + 1)
    counts = Counter(block)
    return sum(count * count for count in counts.values()) / expected - len(block)
