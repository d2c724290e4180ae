"""The reads of the API: every answer is rows and the position at which they are true, from one snapshot.

Each query is a single SQL statement, so PostgreSQL gives it one snapshot without a transaction around it: one round
trip. Each names the position's table first, because a rebuild swaps the tables while it holds that one: a statement
that has it reads either all old tables or all new ones. For both to hold the connection is in autocommit, or at the
default isolation READ COMMITTED.
"""
