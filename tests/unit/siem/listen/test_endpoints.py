"""What shippers ask before they send, and what they are told."""

import pytest

from sec_ops.siem.listen.body import Refusal
from sec_ops.siem.listen.endpoints import Answer, Bulk, route


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("POST", "/_bulk", ""),
        ("PUT", "/_bulk?refresh=false&filter_path=errors", ""),
        ("POST", "/logs-2026/_bulk", "logs-2026"),
        ("POST", "/logs%2D2026/_bulk/", "logs-2026"),
        ("POST", "/logs/_doc/_bulk", "logs"),
    ],
)
def test_bulk(method: str, target: str, expected: str) -> None:
    assert route(method, target) == Bulk(expected)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/?pretty"),
        ("GET", "/_license?human=false"),
        ("GET", "/_xpack"),
        ("GET", "/_cluster/health"),
        ("GET", "/_cluster/health/logs?level=shards"),
        ("HEAD", "/_index_template/ecs-logstash"),
        ("HEAD", "/_template/logstash"),
        ("GET", "/_nodes/http"),
    ],
)
def test_answered(method: str, target: str) -> None:
    answer = route(method, target)
    assert isinstance(answer, Answer)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/_bulk", 405),
        ("DELETE", "/_bulk", 405),
        ("DELETE", "/logs", 404),
        ("PUT", "/_index_template/x", 404),
        ("PUT", "/_ilm/policy/x", 404),
        ("GET", "/_ilm/policy/x", 404),
        ("GET", "/_ingest/pipeline/x", 404),
        ("POST", "/logs/_search", 404),
        ("GET", "/../../etc/passwd", 404),
        ("POST", "/_security/_bulk", 404),
        ("GET", "http://[", 404),
        ("OPTIONS", "*", 404),
    ],
)
def test_refused(method: str, target: str, status: int) -> None:
    refusal = route(method, target)
    assert isinstance(refusal, Refusal)
    assert refusal.status == status
