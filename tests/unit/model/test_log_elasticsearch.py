"""Which clusters a configuration may name."""

import pytest
from pydantic import ValidationError

from sec_ops.model.log_elasticsearch import ElasticsearchSettings
from sec_ops.model.log_settings import LogSettings

HERE = {"urls": ["https://logs.example.org:9200"]}
SECRET = {"file": "secrets/elastic"}


@pytest.mark.parametrize(
    "given",
    [
        HERE,
        {"urls": ["http://127.0.0.1:9200", "http://[::1]:9200", "http://localhost:9200"]},
        {**HERE, "api_key": SECRET, "ca": "tls/ca.pem", "prefix": "school-7"},
        {**HERE, "user": "writer", "password": SECRET},
    ],
    ids=str,
)
def test_allowed(given: dict[str, object]):
    ElasticsearchSettings.model_validate(given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"urls": []}, "at least 1"),
        ({"urls": ["http://192.0.2.7:9200"]}, "only https"),
        ({"urls": ["http://127.0.0.1.example.org:9200"]}, "only https"),
        ({"urls": ["https://elastic:changeme@logs.example.org"]}, "apart"),
        ({"urls": ["logs.example.org:9200"]}, "no address"),
        ({"urls": ["https://logs.example.org:99999"]}, "no address"),
        ({"urls": ["file:///etc/passwd"]}, "no address"),
        ({**HERE, "user": "writer"}, "go together"),
        ({**HERE, "api_key": SECRET, "user": "writer", "password": SECRET}, "not both"),
        ({**HERE, "prefix": "_all"}, "pattern"),
        ({**HERE, "prefix": "logs,*"}, "pattern"),
    ],
    ids=str,
)
def test_refused(given: dict[str, object], words: str):
    with pytest.raises(ValidationError, match=words):
        ElasticsearchSettings.model_validate(given)


def test_the_store_needs_its_section():
    with pytest.raises(ValidationError, match="needs the section"):
        LogSettings.model_validate({"store": "elasticsearch"})
    assert LogSettings.model_validate({"store": "elasticsearch", "elasticsearch": HERE}).store == "elasticsearch"
