"""Remembers answers: pure folds over the journal, matching, their SQL tables, their queries and the rebuild.

A projection equals a fold of the journal: rebuilt from nothing it is identical to the byte, so nothing in here reads
the clock.
"""
