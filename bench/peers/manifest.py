"""Rows in memory to a Parquet table with other writers, and the same questions to it."""

import json
import os

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from rounds import serve

ROWS_PER_GROUP = 65_536


def read_rows(args):
    with open(args["rowsFile"]) as file:
        return [json.loads(line) for line in file]


def schema_of(args):
    """As the table that ours wrote; what a table holds is known before its rows."""
    return pq.read_schema(args["schemaFile"]).remove_metadata()


def writer(version, args, write):
    def work(request):
        path = os.path.join(request["target"], "instances.parquet")
        write(path)
        if not request["check"]:
            return None
        sql = args["contentsSql"].replace("instances", f"read_parquet('{path}')")
        with duckdb.connect() as connection:
            return {"contents": list(connection.execute(sql).fetchone())}

    return version, work


def pyarrow_tool(args):
    rows, schema = read_rows(args), schema_of(args)

    def write(path):
        table = pa.Table.from_pylist(rows, schema).sort_by("source_key")
        pq.write_table(table, path, compression="zstd", row_group_size=ROWS_PER_GROUP)

    return writer(pa.__version__, args, write)


def arrow_columns_tool(args):
    table = pa.Table.from_pylist(read_rows(args), schema_of(args)).sort_by("source_key")

    def write(path):
        pq.write_table(table, path, compression="zstd", row_group_size=ROWS_PER_GROUP)

    return writer(pa.__version__, args, write)


def polars_tool(args):
    rows = read_rows(args)
    schema = pl.from_arrow(schema_of(args).empty_table()).schema

    def write(path):
        frame = pl.DataFrame(rows, schema).sort("source_key")
        frame.write_parquet(path, compression="zstd", row_group_size=ROWS_PER_GROUP)

    return writer(pl.__version__, args, write)


def duckdb_tool(args):
    """Rows of Python go into DuckDB one by one at best; people give it a file."""

    def write(path):
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute(
                f"COPY (SELECT * FROM read_json('{args['rowsFile']}', format = 'newline_delimited') ORDER BY source_key)"
                f" TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP})"
            )

    return writer(duckdb.__version__, args, write)


def duckdb_query_tool(args):
    file = os.path.join(args["output"], "manifest/instances/*.parquet")

    def work(_):
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute(f"CREATE VIEW instances AS FROM read_parquet('{file}')")
            return {"answers": [connection.execute(sql).fetchall() for sql in args["queries"]]}

    return duckdb.__version__, work


def polars_query_tool(args):
    file = os.path.join(args["output"], "manifest/instances/*.parquet")

    def work(_):
        with pl.SQLContext(instances=pl.scan_parquet(file)) as context:
            return {"answers": [context.execute(sql).collect().rows() for sql in args["queries"]]}

    return pl.__version__, work


serve(
    {
        "pyarrow": pyarrow_tool,
        "arrow columns": arrow_columns_tool,
        "polars": polars_tool,
        "duckdb": duckdb_tool,
        "duckdb query": duckdb_query_tool,
        "polars query": polars_query_tool,
    }
)
