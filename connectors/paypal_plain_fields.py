"""The fields of PayPal's objects whose digits are an id, an amount or a time and never a card number.

Card masking leaves them alone: a masked id would lose its object, a masked amount its money.
"""

from typing import Final

PLAIN_FIELDS: Final = frozenset(
    {
        # ids and references
        "id",
        "authorization_id",
        "bank_reference_id",
        "billing_agreement_id",
        "buyer_account_number",
        "buyer_payment_id",
        "buyer_transaction_id",
        "capture_id",
        "clearing_time",
        "debug_id",
        "dispute_id",
        "href",
        "invoice_id",
        "invoice_number",
        "merchant_id",
        "order_id",
        "parent_payment",
        "payer_id",
        "payout_batch_id",
        "payout_item_id",
        "paypal_account_id",
        "paypal_reference_id",
        "receipt_id",
        "sale_id",
        "seller_account_number",
        "seller_payment_id",
        "seller_transaction_id",
        "sender_batch_id",
        "sender_item_id",
        "transaction_id",
        # amounts, rates and times
        "exchange_rate",
        "total",
        "value",
        "create_time",
        "dispute_creation_date",
        "time_completed",
        "time_created",
        "time_processed",
        "transaction_initiation_date",
        "transaction_updated_date",
        "update_time",
    }
)
