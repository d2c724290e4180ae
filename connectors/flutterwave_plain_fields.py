"""The fields of Flutterwave's objects whose digits are an id, an amount or a time and never a card number.

Card masking leaves them alone: a masked id would lose its object, a masked amount its money.
"""

from typing import Final

PLAIN_FIELDS: Final = frozenset(
    {
        # ids and references
        "id",
        "webhook_id",
        "tx_ref",
        "txRef",
        "tx_id",
        "transaction_id",
        "TransactionId",
        "charge_id",
        "customer_id",
        "settlement_id",
        "flw_ref",
        "flwRef",
        "FlwRef",
        "order_ref",
        "orderRef",
        "order_id",
        "reference",
        "disburse_ref",
        "processor_ref",
        "rrn",
        "arn",
        "account_id",
        "AccountId",
        "wallet_id",
        "walletId",
        "merchant_id",
        "proof",
        "meta",
        "refund_meta",
        "chargeback_meta",
        # amounts, rates and times
        "amount",
        "amount_refunded",
        "AmountRefunded",
        "amount_settled",
        "charged_amount",
        "app_fee",
        "appfee",
        "merchant_fee",
        "merchantfee",
        "fee",
        "value",
        "vat",
        "gross_amount",
        "net_amount",
        "settlement_amount",
        "subaccount_settlement",
        "stampduty_charge",
        "chargeback",
        "refund",
        "actual_debit_amount",
        "rate_used",
        "timestamp",
        "created_datetime",
        "updated_datetime",
        # links that hold long digits of their own
        "auth_url",
        "redirect",
        "redirect_url",
        "device_fingerprint",
    }
)
