"""The fields of Modern Treasury's objects whose digits are an id, an amount or a time and never a card number.

Card masking leaves them alone: a masked id would lose its object, a masked amount its money. Account numbers are not
among them: what looks like a card number there may be one.
"""

from typing import Final

PLAIN_FIELDS: Final = frozenset(
    {
        "id",
        "entity_id",
        "entity_a_id",
        "entity_b_id",
        "payment_order_id",
        "returnable_id",
        "transaction_id",
        "transaction_ids",
        "transaction_line_item_id",
        "internal_account_id",
        "originating_account_id",
        "receiving_account_id",
        "counterparty_id",
        "virtual_account_id",
        "ledger_transaction_id",
        "vendor_id",
        "vendor_customer_id",
        "reference_number",
        "trace_number",
        "amount",
        "amount_lower_bound",
        "amount_upper_bound",
    }
)
