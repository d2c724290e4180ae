"""What the projecting process counts. Served by whoever serves the process's metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

EVENTS: Final = Counter(
    "contraflow_projecting_events",
    "Events folded and committed. source: kafka, or store when they were read from there.",
    ["projection", "source"],
)
BATCHES: Final = Counter("contraflow_projecting_batches", "Batches folded and committed.", ["projection", "source"])
FOLD_SECONDS: Final = Histogram(
    "contraflow_projecting_fold_seconds",
    "Time from taking a batch to its commit.",
    ["projection"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
OVERFLOWS: Final = Counter(
    "contraflow_projecting_overflows",
    "Times that more waited than is kept; the store is read instead.",
    ["projection"],
)
LAG_EVENTS: Final = Gauge(
    "contraflow_projecting_lag_events",
    "Head of the book in the store minus the position reached, at the last look (every few seconds).",
    ["projection", "book"],
)
