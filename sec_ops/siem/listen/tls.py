"""TLS of the listeners: 1.2 or newer, with client certificates where authorities for them are named."""

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.log_listener import ListenerTls
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import SecretReader

__all__ = ["load_certificate", "server_context"]


def server_context(tls: ListenerTls, root: Path, read_secret: SecretReader) -> ssl.SSLContext:
    """Return the context of a listener; files are relative to the site's folder `root`.

    Raises ContentInvalid for files that are missing, don't fit together or are open to others.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    load_certificate(context, tls, root, read_secret)
    if tls.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        _told(root / tls.client_ca, lambda: context.load_verify_locations(cafile=root / str(tls.client_ca)))
    return context


def load_certificate(context: ssl.SSLContext, tls: ListenerTls, root: Path, read_secret: SecretReader) -> None:
    """Give a context the certificate as it is on disk now; connections that are open keep theirs.

    Raises ContentInvalid as `server_context` does.
    """
    reference = {"file": str(root / tls.key)} if isinstance(tls.key, str) else tls.key
    key = read_secret(reference).get_secret_value()
    passphrase = read_secret(tls.key_passphrase).get_secret_value() if tls.key_passphrase else ""
    certificate = root / tls.certificate
    with _in_memory(key.encode() + b"\n") as path:
        _told(certificate, lambda: context.load_cert_chain(certificate, path, password=passphrase))


@contextmanager
def _in_memory(data: bytes) -> Iterator[str]:
    """Yield the path of a file that is never on a disk: OpenSSL takes private keys from files only."""
    descriptor = os.memfd_create("key", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, data)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _told(path: Path, load: Callable[[], None]) -> None:
    try:
        load()
    except ssl.SSLError as error:
        raise _invalid(path, message("certificate or key: {reason}", reason=error.reason or str(error))) from error
    except OSError as error:
        raise _invalid(path, message("can't be read: {reason}", reason=error.strerror or str(error))) from error


def _invalid(path: Path, what: Message) -> ContentInvalid:
    advice = message("see docs/how-to/receive-logs.md for how certificates are made")
    return ContentInvalid([Fault(file=str(path), line=0, path="", message=what, advice=advice)], what=what)
