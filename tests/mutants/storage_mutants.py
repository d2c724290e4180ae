"""Wrong changes where decisions become durable: the append, its fences, input offsets, what is in flight."""

from typing import Final

from tests.mutants.mutant import Mutant

STORAGE_MUTANTS: Final = (
    Mutant(
        "epoch-unchecked",
        "4: an older writer is fenced",
        "ledger/appending.py",
        "AND head = %(expected)s AND epoch = %(epoch)s RETURNING",
        "AND head = %(expected)s AND epoch >= %(epoch)s RETURNING",
    ),
    Mutant(
        "offset-unchecked",
        "4: a partition that somebody else read on fences the batch",
        "ledger/appending.py",
        "AND partition = %(partition)s AND next_offset = %(expected)s RETURNING",
        "AND partition = %(partition)s RETURNING",
    ),
    Mutant(
        "offset-before-commit",
        "4: input offsets move with the decisions, or not at all",
        "ledger/appending.py",
        "                for offset in offsets:\n                    _move_offset(cursor, offset)\n",
        "                for offset in offsets:\n                    _move_offset(cursor, offset)\n"
        '                cursor.execute("COMMIT")\n                cursor.execute("BEGIN")\n',
    ),
    Mutant(
        "keys-not-stored",
        "3: a key is on record for ever",
        "ledger/appending.py",
        "    own = {position: digest for digest, position in append.keys}\n",
        "    own = {position: digest for digest, position in append.keys if not position}\n",
    ),
    Mutant(
        "ends-of-holds-not-stored",
        "3: references and ends of holds are on record for ever",
        "ledger/appending.py",
        "        if append.references:\n",
        "        if not append:\n",
    ),
    Mutant(
        "small-append-outside-a-transaction",
        "4: an append is true as a whole or not at all",
        "ledger/appending.py",
        '                cursor.execute("BEGIN")\n',
        "",
    ),
    Mutant(
        "keys-of-a-small-append-forgotten",
        "3: a key is on record for ever, however few came with it",
        "ledger/appending.py",
        "[own[event.position].hex() if event.position in own else None for event in append.events]",
        "[None for event in append.events]",
    ),
    Mutant(
        "seal-of-the-head-forgotten",
        "8: the seal at the end of every append is stored",
        "ledger/appending.py",
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
