"""Wrong changes where decisions become durable: the append, its fences, input offsets, what is in flight."""

from typing import Final

from tests.mutants.mutant import Mutant

STORAGE_MUTANTS: Final = (
    Mutant(
        "epoch-unchecked",
        "4: an older writer is fenced",
        "ledger/recorder.py",
        "WHERE book_id = %s AND head = %s AND epoch = %s",
        "WHERE book_id = %s AND head = %s AND epoch >= %s",
    ),
    Mutant(
        "offset-unchecked",
        "4: a partition that somebody else read on fences the batch",
        "ledger/recorder.py",
        '    if cursor.rowcount != 1:\n        raise Fenced(f"{offset.topic}',
        '    if cursor.rowcount > 1:\n        raise Fenced(f"{offset.topic}',
    ),
    Mutant(
        "offset-before-commit",
        "4: input offsets move with the decisions, or not at all",
        "ledger/recorder.py",
        "            for offset in offsets:\n                _move_offset(cursor, offset)\n",
        "            for offset in offsets:\n                _move_offset(cursor, offset)\n"
        '            cursor.execute("COMMIT; BEGIN")\n',
    ),
    Mutant(
        "keys-not-stored",
        "3: a key is on record for ever",
        "ledger/recorder.py",
        "            _copy_keys(cursor, appends)\n",
        "",
    ),
    Mutant(
        "seal-of-the-head-forgotten",
        "8: the seal at the end of every append is stored",
        "ledger/recorder.py",
        '        cursor.execute("INSERT INTO ledger.seals VALUES (%s, %s, %s)", (append.book_id, head, append.seal))',
        "        pass",
    ),
    Mutant(
        "offset-one-short",
        "4: posting goes on after the last record that it decided",
        "streams/writer.py",
        "= arrival.offset + 1\n",
        "= arrival.offset\n",
    ),
    Mutant(
        "stored-keys-not-asked",
        "3: a key of an earlier batch is known",
        "streams/writer.py",
        "known = self._reader.known(lease, questions)",
        "known = dict(self._reader.known(lease, questions[:0]))",
    ),
    Mutant(
        "keys-in-flight-unknown",
        "3: a key of the batch in flight is known",
        "streams/writer.py",
        "        known.update(self._committer.keys(book.id))\n",
        "",
    ),
    Mutant(
        "raw-records-in-flight-unknown",
        "3: bytes of the batch in flight are known",
        "streams/writer.py",
        "{**self._reader.known_raw(lease, digests), **self._committer.raw_records(lease.book)}",
        "dict(self._reader.known_raw(lease, digests))",
    ),
    Mutant(
        "failed-append-forgotten",
        "4: a batch that could not be appended stops those after it",
        "ledger/committer.py",
        "            self._in_flight.result()\n",
        "            self._in_flight.exception()\n",
    ),
)
