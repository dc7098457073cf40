"""The client: built from the settings, with the authority pinned and the secret read by reference."""

import logging
from pathlib import Path

from elasticsearch import Elasticsearch

from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.log_elasticsearch import ElasticsearchSettings
from sec_ops.model.messages import message
from sec_ops.model.protocols import SecretReader
from sec_ops.siem.elastic.failing import speaking

__all__ = ["connect"]

_OLDEST = (8, 19)


def connect(settings: ElasticsearchSettings, folder: Path, read_secret: SecretReader) -> Elasticsearch:
    """Return a client that has spoken to the server; paths are relative to `folder`.

    Retrying is the store's own affair, so the client does none. Raises EngineError when no node answers, refuses the
    account or is too old, ContentInvalid for a certificate that can't be read and for secrets.
    """
    options: dict[str, object] = {}
    if settings.ca is not None:
        options["ca_certs"] = str(_readable(folder / settings.ca))
    if settings.api_key is not None:
        options["api_key"] = read_secret(settings.api_key).get_secret_value()
    if settings.user is not None and settings.password is not None:
        options["basic_auth"] = (settings.user, read_secret(settings.password).get_secret_value())
    # Failures are told by our errors; the client's own log would go to the terminal.
    logging.getLogger("elastic_transport").addHandler(logging.NullHandler())
    where = settings.urls[0]
    with speaking(where):
        client = Elasticsearch(
            list(settings.urls),
            request_timeout=settings.request_seconds,
            max_retries=0,
            retry_on_timeout=False,
            **options,  # type: ignore[arg-type]
        )
        _check_version(client, where)
    return client


def _check_version(client: Elasticsearch, where: str) -> None:
    number = str(client.info()["version"]["number"])
    version = tuple(int(part) for part in number.split("-", maxsplit=1)[0].split(".")[:2])
    if version < _OLDEST:
        what = message("Elasticsearch {number} is too old: 8.19 or newer is needed", number=number)
        raise ContentInvalid([Fault(file=where, line=0, path="", message=what)], what=what)


def _readable(path: Path) -> Path:
    try:
        path.read_bytes()
    except OSError as error:
        what = message("can't be read: {reason}", reason=error.strerror)
        raise ContentInvalid([Fault(file=str(path), line=0, path="ca", message=what)], what=what) from error
    return path
