"""A throw-away authority and the node's certificate for 127.0.0.1."""

from __future__ import annotations

from pathlib import Path

from tests.testbed.commands import run

__all__ = ["make_certificates"]

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def make_certificates(folder: Path) -> None:
    """Write `ca.pem`, `node.pem` and `node.key` to the folder, valid for a day."""
    authority, key = folder / "ca.pem", folder / "ca.key"
    run(
        [
            *("openssl", "req", "-x509", *_KEY, "-days", "1", "-subj", "/CN=tests"),
            *("-addext", "keyUsage=critical,keyCertSign", "-keyout", str(key), "-out", str(authority)),
        ]
    )
    run(
        [
            *("openssl", "req", "-x509", *_KEY, "-days", "1", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"),
            *("-CA", str(authority), "-CAkey", str(key)),
            *("-keyout", str(folder / "node.key"), "-out", str(folder / "node.pem")),
        ]
    )
    key.unlink()
