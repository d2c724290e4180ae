"""Payment gateways, made up: seeded days of payments with their webhooks, pages, bank statements, trouble and truth.

`play_world` (all gateways) and `play_day` (Stripe) are pure; `send_webhooks` speaks HTTP, `Site` answers polls,
`write_day` writes files, `load` makes single payments for benches.
"""

from contraflow.simulator.balance_transaction import Page
from contraflow.simulator.day import ACCOUNT, PAYMENTS_MIN, Day, play_day
from contraflow.simulator.files import read_webhooks, write_day
from contraflow.simulator.gateway_day import GatewayDay
from contraflow.simulator.hook import Hook
from contraflow.simulator.load import canonical_fact, payment_fact, stripe_payment_event
from contraflow.simulator.sending import Sendings, Target, send_day, send_webhooks, webhook_headers
from contraflow.simulator.signing import SIGNATURE_HEADER, sign
from contraflow.simulator.site import DOWN, TOO_MANY, Site
from contraflow.simulator.statement import Statement
from contraflow.simulator.truth import Break, Truth
from contraflow.simulator.webhook import Webhook
from contraflow.simulator.world import GATEWAYS, World, play_world

__all__ = [
    "ACCOUNT",
    "DOWN",
    "GATEWAYS",
    "PAYMENTS_MIN",
    "SIGNATURE_HEADER",
    "TOO_MANY",
    "Break",
    "Day",
    "GatewayDay",
    "Hook",
    "Page",
    "Sendings",
    "Site",
    "Statement",
    "Target",
    "Truth",
    "Webhook",
    "World",
    "canonical_fact",
    "payment_fact",
    "play_day",
    "play_world",
    "read_webhooks",
    "send_day",
    "send_webhooks",
    "sign",
    "stripe_payment_event",
    "webhook_headers",
    "write_day",
]
