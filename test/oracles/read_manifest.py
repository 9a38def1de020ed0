"""Reads a run's manifest with pyarrow and DuckDB, as an analyst would; prints row counts as JSON."""

import json
import sys

import duckdb
import pyarrow.dataset

root = sys.argv[1]
counts = {}
for table in ("instances", "series", "labels"):
    arrow = pyarrow.dataset.dataset(f"{root}/manifest/{table}", format="parquet").to_table()
    duck = duckdb.sql(f"SELECT count(*) FROM read_parquet('{root}/manifest/{table}/*.parquet')").fetchall()[0][0]
    counts[table] = {"pyarrow": arrow.num_rows, "duckdb": duck, "columns": arrow.column_names}
print(json.dumps(counts))
