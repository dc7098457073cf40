"""The host's clock from the collector's first line."""

from datetime import UTC, datetime

import pytest

from sec_ops.transport.clock_offset import clock_offset_ms

NOW = datetime(2026, 11, 23, 8, 0, 0, 250_000, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("output", "offset"),
    [
        (f"@@sec-ops-facts 1 b c {EPOCH}\n", 250),
        (f"@@sec-ops-facts 1 b c {EPOCH + 3600}\r\nmore", 3_600_250),
        (f"@@sec-ops-facts 1 b c {EPOCH - 10}\n", -9_750),
        (f"@@sec-ops-facts 1 b c {EPOCH} - web-1\n", 250),
        (f"@@sec-ops-facts 1 b c {EPOCH} 99 web 7\r\n", 250),
        (f"@@sec-ops-logs 1 b - {EPOCH} 99\n", 250),
        (f"@@sec-ops-notes 1 b - {EPOCH} 99\n", None),
        (f"@@sec-ops-facts 2 b c {EPOCH}\n", None),
        (f"@@sec-ops {EPOCH}\n", None),
        (f"@@sec-ops-facts 1 b c {EPOCH}", None),
        (f"\n@@sec-ops-facts 1 b c {EPOCH}\n", None),
        (f"@@sec-ops-facts 1 b c\n1 {EPOCH}\n", None),
        ("@@sec-ops-facts 1 b c 99999999999999999999\n", None),
        ("@@sec-ops-facts 1 b c -5\n", None),
        (f"noise @@sec-ops-facts {EPOCH}\n", None),
        ("", None),
    ],
)
def test_offset(output, offset):
    assert clock_offset_ms(output.encode(), NOW) == offset
