"""What the polling process counts. Served by whoever serves the process's metrics."""

from typing import Final

from prometheus_client import Counter, Gauge

CALLS: Final = Counter(
    "contraflow_polling_calls", "Calls of a gateway, by what may follow them.", ["account", "operation", "follow"]
)
ITEMS: Final = Counter("contraflow_polling_items", "Rows and objects recorded.", ["account", "stream"])
FETCHES: Final = Counter("contraflow_polling_fetches", "Objects fetched, by outcome.", ["account", "outcome"])
LAG_SECONDS: Final = Gauge(
    "contraflow_polling_lag_seconds", "Now minus the time up to which a stream is read.", ["account", "stream"]
)
PAUSED: Final = Gauge("contraflow_polling_paused", "1 while an account or stream is paused.", ["account", "stream"])
