"""Reads one Parquet file with pyarrow, DuckDB and Polars and prints what each sees, as JSON.

Numbers are printed with repr (exact for float64); float32 columns are widened first, which is exact too.
usage: read_parquet.py FILE
"""
import json
import sys

import duckdb
import polars
import pyarrow.parquet as pq

path = sys.argv[1]
file = pq.ParquetFile(path)
arrow = pq.read_table(path)
metadata = {key.decode(): value.decode() for key, value in (file.metadata.metadata or {}).items() if key != b"ARROW:schema"}

connection = duckdb.connect()
cursor = connection.execute("select * from read_parquet(?)", [path])
names = [column[0] for column in cursor.description]
rows = [dict(zip(names, row)) for row in cursor.fetchall()]

first = file.metadata.row_group(0).column(0) if file.metadata.num_row_groups else None
print(
    json.dumps(
        {
            "pyarrow": arrow.to_pylist(),
            "duckdb": rows,
            "polars": polars.read_parquet(path).to_dicts(),
            "metadata": metadata,
            "types": {field.name: str(field.type) for field in arrow.schema},
            "nullable": {field.name: field.nullable for field in arrow.schema},
            "duckdb_types": {name: str(kind) for name, kind in connection.execute("select column_name, column_type from (describe select * from read_parquet(?))", [path]).fetchall()},
            "row_groups": [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)],
            "codec": first.compression if first else None,
            "first_min": first.statistics.min if first else None,
            "first_max": first.statistics.max if first else None,
            "created_by": file.metadata.created_by,
        }
    )
)
