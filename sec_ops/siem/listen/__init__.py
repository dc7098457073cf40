"""Listeners: syslog over UDP, TCP and TLS, RELP, and an Elasticsearch-compatible `_bulk` endpoint."""
