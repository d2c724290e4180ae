"""Moves: the only room with Kafka.

Topics, intake (raw event to topic), polling, paying, posting (topic to book), publishing (journal to topics),
projecting (faust agents to folds) and dead letters. What is decided is decided in `ledger`; what is remembered is
folded in `projections`.
"""
