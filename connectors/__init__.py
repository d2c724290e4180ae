"""Speaks to the outside: one file per gateway, bank format or accounting system.

A connector verifies a signature over the raw bytes, translates raw bytes into facts and says how to poll and call. It
holds no Kafka and no database, and of our own code it knows money and facts alone.
"""
