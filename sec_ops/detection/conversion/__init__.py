"""Rules as queries of Elasticsearch, by pySigma's backends and our pipelines: for people who take them elsewhere."""
