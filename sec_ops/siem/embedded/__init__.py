"""The embedded store: Parquet files of columns, a manifest in SQLite, and DuckDB in memory to read and write them."""
