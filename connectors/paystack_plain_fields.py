"""The fields of Paystack's objects whose digits are an id, an amount or a time and never a card number.

Card masking leaves them alone: a masked id would lose its object, a masked amount its money.
"""

from typing import Final

PLAIN_FIELDS: Final = frozenset(
    {
        # ids and references
        "id",
        "reference",
        "transaction",
        "transaction_id",
        "transaction_reference",
        "merchant_transaction_reference",
        "refund_reference",
        "bank_reference",
        "offline_reference",
        "order_id",
        "receipt_number",
        "access_code",
        "transfer_code",
        "recipient",
        "request",
        "dispute",
        "settlement",
        "integration",
        "customer",
        "customer_id",
        "merchant_id",
        "invoice_code",
        "request_code",
        # amounts
        "amount",
        "requested_amount",
        "captured_amount",
        "refund_amount",
        "deducted_amount",
        "fees",
        "fee_charged",
        "paystack",
        "subaccount",
        "original_share",
        "total_amount",
        "effective_amount",
        "total_fees",
        "total_processed",
        "total_volume",
    }
)
