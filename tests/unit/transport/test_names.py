"""Names to addresses."""

import pytest

from sec_ops.transport.names import addresses_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("127.0.0.1", ("127.0.0.1",)),
        ("::1", ("::1",)),
        ("", ()),
        ("nobody.invalid", ()),
        ("a" * 300, ()),
        ("\udc80", ()),
    ],
)
def test_addresses(name: str, expected: tuple[str, ...]) -> None:
    assert addresses_of(name) == expected
