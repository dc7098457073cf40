"""Index templates on the server, put there where what stands there is another."""

from collections.abc import Mapping
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

__all__ = ["install"]


def install(client: Elasticsearch, name: str, body: Mapping[str, Any]) -> None:
    """Put an index template in place; one with the same `_meta` stays as it is. Raises the client's errors."""
    if _installed(client, name) != body["_meta"]:
        client.indices.put_index_template(name=name, **{key.removeprefix("_"): body[key] for key in body})


def _installed(client: Elasticsearch, name: str) -> object:
    try:
        found = client.indices.get_index_template(name=name)["index_templates"]
    except NotFoundError:
        return None
    return found[0]["index_template"].get("_meta")
