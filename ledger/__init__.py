"""The room that decides: money, accounts, facts, entries, the book, posting rules, the event store and its seals.

Nothing in here knows Kafka, HTTP or a vendor. Values come in, decisions go out, and one PostgreSQL transaction makes a
batch of decisions true.
"""
