"""What may be asked: read-only queries for the API, one file a noun. Every query is one statement, so that its rows and
the position it returns with them come from one snapshot. Async psycopg, on connections in autocommit mode.
"""
