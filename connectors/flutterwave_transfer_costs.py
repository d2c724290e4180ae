"""What a transfer costs: its fee, and the conversion where it was paid out of another currency.

Each is a movement of our balance. When a converted transfer comes back, the conversion is undone as well; the fee is
not, because nothing says that it comes back.
"""

from collections.abc import Mapping

import msgspec

from connectors.flutterwave_amounts import computed_minor, currency_of, exactly_told, money
from connectors.flutterwave_envelope import FlutterwaveEnvelope, key_of
from connectors.json_fields import JsonObject, decimal_text, expanded, text
from ledger.facts import Fact
from ledger.money import Money


class _Debit(msgspec.Struct, frozen=True):
    """What left our balance: ``debit_information`` of version 4; version 3 never says a conversion.

    Attributes:
        minor: in minor units of `currency`, without the fee; None when not told.
        vat: value added tax on the fee.
    """

    currency: str
    minor: int | None
    vat: int
    attributes: Mapping[str, str]

    @classmethod
    def of(cls, transfer: JsonObject, sent_in: str) -> "_Debit":
        debit = expanded(transfer, "debit_information")
        currency = currency_of(debit, "currency") or sent_in
        return cls(
            currency,
            computed_minor(debit, currency, "actual_debit_amount"),
            computed_minor(debit, currency, "vat") or 0,
            {
                "exchange_rate": decimal_text(debit.get("rate_used")),
                **exactly_told(debit, currency, "actual_debit_amount", "vat"),
            },
        )

    def conversion(self, gross: Money) -> Money | None:
        """What was paid for `gross`, where that is another currency."""
        if self.minor is None or self.currency == gross.currency:
            return None
        return money(self.minor, self.currency)


def cost_facts(envelope: FlutterwaveEnvelope, transfer: JsonObject, transfer_id: str, gross: Money) -> list[Fact]:
    """Fee and conversion of a transfer that was sent; nothing where neither is told."""
    debit = _Debit.of(transfer, gross.currency)
    paid = debit.conversion(gross)
    moved = paid or gross
    fee, fee_in, told = _fee(transfer, gross.currency)
    is_apart = fee is not None and fee_in != moved.currency
    kept = (0 if is_apart else fee or 0) + (debit.vat if debit.currency == moved.currency else 0)
    facts = []
    if paid is not None or kept or (fee is not None and not is_apart):
        amounts = _amounts(-moved.minor, kept, moved.currency)
        if paid is not None:
            amounts["source"] = money(-gross.minor, gross.currency)
        attributes = {**debit.attributes, **told}
        facts.append(_recorded(envelope, transfer, transfer_id, ("recorded", "transfer"), amounts, attributes))
    if fee is not None and is_apart:
        amounts = _amounts(0, fee, fee_in)
        facts.append(_recorded(envelope, transfer, transfer_id, ("fee", "transfer_fee"), amounts, told))
    return facts


def reconversion_facts(
    envelope: FlutterwaveEnvelope, transfer: JsonObject, transfer_id: str, gross: Money
) -> list[Fact]:
    """The way back of a conversion; it waits for the way there."""
    debit = _Debit.of(transfer, gross.currency)
    paid = debit.conversion(gross)
    if paid is None:
        return []
    amounts = {**_amounts(paid.minor, 0, paid.currency), "source": gross}
    named = ("reconverted", "transfer_returned")
    return [_recorded(envelope, transfer, transfer_id, named, amounts, debit.attributes)]


def _amounts(gross: int, fee: int, currency: str) -> dict[str, Money]:
    return {
        "gross": money(gross, currency),
        "fee": money(fee, currency),
        "net": money(gross - fee, currency),
    }


def _recorded(
    envelope: FlutterwaveEnvelope,
    transfer: JsonObject,
    transfer_id: str,
    names: tuple[str, str],
    amounts: dict[str, Money],
    attributes: Mapping[str, str],
) -> Fact:
    transition, category = names
    named = key_of("transfer", transfer_id)
    cost = envelope.reference(f"{named}-cost")
    return envelope.fact(
        "settlement.recorded",
        f"{named}/{transition}",
        effective_at=envelope.made(transfer),
        amounts=amounts,
        links={
            "transaction": named if category == "transfer" else f"{named}-{transition}",
            "category": category,
            "source": transfer_id,
        },
        status=text(transfer, "status"),
        attributes={"settlement_currency": amounts["gross"].currency, **attributes},
        references=(cost,) if category == "transfer" else (),
        needs=cost if category == "transfer_returned" else "",
    )


def _fee(transfer: JsonObject, sent_in: str) -> tuple[int | None, str, dict[str, str]]:
    """A fee in minor units, its currency, and what was told of it where that had to be rounded.

    Version 3 writes a number in the currency of the transfer, version 4 an object with a currency of its own.
    """
    told = transfer.get("fee")
    fee = expanded(transfer, "fee") if isinstance(told, dict) else {"value": told}
    fee_in = currency_of(fee, "currency") or sent_in
    rounded = exactly_told({"fee": fee.get("value")}, fee_in, "fee")
    return computed_minor(fee, fee_in, "value"), fee_in, rounded
