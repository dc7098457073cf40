"""The event store on Elasticsearch 8.19 or newer (ADR 32)."""
