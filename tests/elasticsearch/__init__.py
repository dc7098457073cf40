"""A real Elasticsearch 8.19 node for tests, on loopback: had from Maven, kept in the cache, run unprivileged."""
