"""A payment gateway, made up: seeded days of payments with their webhooks, pages, bank statements, trouble and truth.

`play_day` is pure; `send_day` speaks HTTP, `write_day` writes files, `load` makes single payments for benches.
"""

from contraflow.simulator.balance_transaction import Page
from contraflow.simulator.day import ACCOUNT, PAYMENTS_MIN, Day, play_day
from contraflow.simulator.files import read_webhooks, write_day
from contraflow.simulator.load import canonical_fact, payment_fact, stripe_payment_event
from contraflow.simulator.sending import Sendings, send_day, webhook_headers
from contraflow.simulator.signing import SIGNATURE_HEADER, sign
from contraflow.simulator.statement import Statement
from contraflow.simulator.truth import Break, Truth
from contraflow.simulator.webhook import Webhook

__all__ = [
    "ACCOUNT",
    "PAYMENTS_MIN",
    "SIGNATURE_HEADER",
    "Break",
    "Day",
    "Page",
    "Sendings",
    "Statement",
    "Truth",
    "Webhook",
    "canonical_fact",
    "payment_fact",
    "play_day",
    "read_webhooks",
    "send_day",
    "sign",
    "stripe_payment_event",
    "webhook_headers",
    "write_day",
]
