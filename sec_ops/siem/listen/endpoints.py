"""What the `_bulk` endpoint answers beside `_bulk`: the questions that shippers ask before they send.

Answers are true of this endpoint and harmless: it keeps every field and index name there is without templates,
policies or pipelines, and has none of Elasticsearch's optional features. What is not listed here is answered with 404.

========================================================  =====================================================
`GET /`, `HEAD /`                                         name and version, so that clients know what to speak
`GET /_license`                                           active, basic
`GET /_xpack`                                             no optional feature is there
`GET /_cluster/health`                                    green
`GET /_cluster/health/<index>`                            green
`GET`, `HEAD` `/_index_template/<name>`, `/_template/…`   there: shippers leave theirs at home
`GET /_nodes`, `/_nodes/http`                             no nodes: clients keep the address they have
`POST`, `PUT` `/_bulk`, `/<index>/_bulk`                  see `bulk`
========================================================  =====================================================
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sec_ops.siem.listen.body import Refusal

__all__ = ["ELASTICSEARCH_VERSION", "Answer", "Bulk", "route"]

ELASTICSEARCH_VERSION = "8.19.0"
"""The version whose Bulk API is spoken."""

_BULK = re.compile(r"/(?:([^/_][^/]*)/)?(?:_doc/)?_bulk/?")
_TEMPLATE = re.compile(r"/_(?:index_)?template/([^/]+)")
_HEALTH = re.compile(r"/_cluster/health(?:/[^/]+)?/?")
_NODES = re.compile(r"/_nodes(?:/_all)?(?:/http)?/?")
_FEATURES = ("analytics", "data_streams", "enrich", "graph", "ilm", "logstash", "ml", "rollup", "security", "watcher")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back: HTTP status and JSON document."""

    status: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bulk:
    """A `_bulk` request for an index, or for those its actions name."""

    index: str


def route(method: str, target: str) -> Answer | Bulk | Refusal:
    """Return what a request is answered with, before its body is looked at."""
    path = unquote(target.partition("?")[0]) or "/"
    if found := _BULK.fullmatch(path):
        if method in ("POST", "PUT"):
            return Bulk(found[1] or "")
        return Refusal(405, "method_not_allowed", f"_bulk is sent with POST or PUT, not {method}")
    if method in ("GET", "HEAD") and (document := _document(path)) is not None:
        return Answer(200, document)
    return Refusal(404, "resource_not_found_exception", "this endpoint takes _bulk and answers little else")


def _document(path: str) -> dict[str, Any] | None:
    if path == "/":
        return _ABOUT
    if path.rstrip("/") == "/_license":
        return {
            "license": {"status": "active", "type": "basic", "mode": "basic", "uid": "sec-ops", "issuer": "sec-ops"}
        }
    if path.rstrip("/") == "/_xpack":
        none = {"available": False, "enabled": False}
        return {
            "license": {"type": "basic", "mode": "basic", "status": "active"},
            "features": dict.fromkeys(_FEATURES, none),
        }
    if _HEALTH.fullmatch(path):
        return _HEALTHY
    if _NODES.fullmatch(path):
        return {"_nodes": {"total": 0, "successful": 0, "failed": 0}, "cluster_name": "sec-ops", "nodes": {}}
    if found := _TEMPLATE.fullmatch(path):
        template = {"index_patterns": ["*"], "version": 1}
        return {"index_templates": [{"name": found[1], "index_template": template}], found[1]: template}
    return None


_ABOUT: dict[str, Any] = {
    "name": "sec-ops",
    "cluster_name": "sec-ops",
    "cluster_uuid": "sec-ops",
    "version": {
        "number": ELASTICSEARCH_VERSION,
        "build_flavor": "default",
        "build_type": "sec-ops",
        "build_snapshot": False,
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0",
    },
    "tagline": "You Know, for Search",
}
_HEALTHY: dict[str, Any] = {
    "cluster_name": "sec-ops",
    "status": "green",
    "timed_out": False,
    "number_of_nodes": 1,
    "number_of_data_nodes": 1,
    "active_primary_shards": 0,
    "active_shards": 0,
    "relocating_shards": 0,
    "initializing_shards": 0,
    "unassigned_shards": 0,
}
