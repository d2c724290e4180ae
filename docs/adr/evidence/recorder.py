"""Evidence for ADR 0003: events a second through our COPY recorder, and through the library's own recorder.

    python docs/adr/evidence/recorder.py [--events 20000] [--batch 4000] [--dsn postgresql://...]

Both write the same bodies to the same server with fsync on. The library's recorder saves one event in each
transaction, as its applications do when they save one aggregate; it is also given a hundred at a time. Whole batches
of thousands are not tried: given 4,000 at once it did not come back within two minutes.
"""

import argparse
import json
import time
from uuid import uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from servers import postgres

from ledger.batch import BookAppend
from ledger.events import Recorded
from ledger.seals import GENESIS
from ledger.store import Store

BODY = b'{"fact":{"key":"stripe/acct_1/pi_1/succeeded"},"pad":"' + b"x" * 600 + b'"}'


def copy_recorder(dsn: str, events: int, batch: int) -> float:
    with Store.open(dsn) as store:
        name = f"evidence-{uuid4().hex[:8]}"
        lease = store.take([name])[name]
        started_s = time.perf_counter()
        for head in range(0, events, batch):
            recorded = [
                Recorded(name, position, "FactObserved", 1, BODY)
                for position in range(head + 1, min(head + batch, events) + 1)
            ]
            store.append([BookAppend(name, lease.book_id, lease.epoch, head, recorded, (), GENESIS)])
        return events / (time.perf_counter() - started_s)


def stock_recorder(dsn: str, events: int, batch: int) -> float:
    told = conninfo_to_dict(dsn)
    store = PostgresDatastore(
        dbname=str(told["dbname"]),
        host=str(told.get("host", "")),
        port=str(told.get("port", 5432)),
        user=str(told["user"]),
        password=str(told.get("password", "")),
    )
    try:
        recorder = PostgresApplicationRecorder(store, events_table_name=f"evidence_{uuid4().hex[:8]}")
        recorder.create_table()
        started_s = time.perf_counter()
        for start in range(0, events, batch):
            aggregate = uuid4()
            recorder.insert_events(
                [
                    StoredEvent(aggregate, number + 1, "evidence:FactObserved", BODY)
                    for number in range(min(batch, events - start))
                ]
            )
        return events / (time.perf_counter() - started_s)
    finally:
        store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=4_000)
    parser.add_argument("--dsn")
    chosen = parser.parse_args()
    with postgres(chosen.dsn) as dsn:
        figures = {
            "copy_batches_events_per_s": copy_recorder(dsn, chosen.events, chosen.batch),
            "stock_one_a_save_events_per_s": stock_recorder(dsn, max(chosen.events // 20, 1), 1),
            "stock_hundred_a_save_events_per_s": stock_recorder(dsn, chosen.events, 100),
        }
    print(json.dumps({name: round(value) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
