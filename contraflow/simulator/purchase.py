"""Purchase: what a customer wants to buy, in which currency, and in which currency it settles.

Amounts here are the gateway's own minor units, which differ from ISO 4217 for a few currencies; `iso_minor` converts.
"""

import random
from dataclasses import dataclass
from typing import Any, Final

from contraflow.simulator.identifiers import derived, new_id

_FIRST: Final = ("Ada", "Bela", "Chidi", "Dunja", "Emre", "Fatima", "Goran", "Hana", "Ines", "Jonas", "Kavya", "Lars")
_LAST: Final = ("Abebe", "Brandt", "Cohen", "Duarte", "Eriksen", "Fischer", "Gupta", "Horvat", "Ito", "Jansen")
_CITIES: Final = (
    ("US", "Portland", "97205", "OR"),
    ("US", "Austin", "78701", "TX"),
    ("DE", "Leipzig", "04109", None),
    ("NL", "Utrecht", "3511 AB", None),
    ("JP", "Sendai", "980-0021", None),
)
_BRANDS: Final = (("visa", "4242"), ("visa", "1881"), ("mastercard", "4444"), ("amex", "8431"), ("discover", "9424"))


@dataclass(frozen=True, slots=True)
class Lane:
    """A currency in which people pay, and what the gateway makes of it.

    Attributes:
        currency: ISO code in lower case, as the gateway writes it.
        settles_in: currency of the gateway balance that it reaches.
        rate_ppm: settlement minor units for a million charged ones; 0 when nothing is converted.
        fee_ppm: proportional fee in millionths of the settled amount.
        fee_fixed_minor: fixed fee in settlement minor units.
        least_minor, most_minor, step_minor: the amounts people pay.
    """

    currency: str
    settles_in: str
    rate_ppm: int
    fee_ppm: int
    fee_fixed_minor: int
    least_minor: int
    most_minor: int
    step_minor: int = 1

    def settled_minor(self, amount_minor: int) -> int:
        """What `amount_minor` is worth in the settlement currency, rounded half up."""
        if not self.rate_ppm:
            return amount_minor
        return (amount_minor * self.rate_ppm + 500_000) // 1_000_000

    def fee_minor(self, settled_minor: int) -> int:
        """The gateway's fee: the proportional part rounded half up, plus the fixed part."""
        return (settled_minor * self.fee_ppm + 500_000) // 1_000_000 + self.fee_fixed_minor


# 2.9% + 30 at home; one per cent more for a conversion.
LANES: Final[dict[str, Lane]] = {
    "usd": Lane("usd", "usd", 0, 29_000, 30, 499, 24_999),
    "eur": Lane("eur", "eur", 0, 15_000, 25, 499, 19_999),
    "jpy": Lane("jpy", "jpy", 0, 36_000, 0, 800, 48_000),
    # Three decimals, of which the gateway wants the last to be zero.
    "kwd": Lane("kwd", "kwd", 0, 29_000, 100, 4_500, 60_000, 10),
    "gbp>usd": Lane("gbp", "usd", 1_271_350, 39_000, 30, 499, 14_999),
    "jpy>usd": Lane("jpy", "usd", 668_420, 39_000, 30, 1_200, 30_000),
    "chf>eur": Lane("chf", "eur", 1_048_770, 25_000, 25, 499, 14_999),
    # Has no minor unit, yet the gateway sends it with two decimals that are always 00.
    "isk>usd": Lane("isk", "usd", 8_125, 39_000, 30, 250_000, 2_500_000, 100),
}


def iso_minor(amount_minor: int, currency: str) -> int:
    """ISO 4217 minor units of the gateway's `amount_minor`; of our currencies only ISK differs."""
    return amount_minor // 100 if currency == "isk" else amount_minor


@dataclass(frozen=True, slots=True)
class Customer:
    """A made-up person; none of this may reach a fact."""

    id: str
    name: str
    email: str
    country: str
    city: str
    postal_code: str
    state: str | None
    brand: str
    last4: str
    created_s: int

    def as_json(self, old: bool) -> dict[str, Any]:
        """The customer object of the gateway."""
        body: dict[str, Any] = {
            "id": self.id,
            "object": "customer",
            "address": self.address(),
            "balance": 0,
            "created": self.created_s,
            "currency": None,
            "default_source": None,
            "delinquent": False,
            "description": None,
            "email": self.email,
            "invoice_prefix": derived(self.id, 8).upper(),
            "livemode": False,
            "metadata": {},
            "name": self.name,
            "phone": None,
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
        }
        if old:
            body["sources"] = {"object": "list", "data": [], "has_more": False, "total_count": 0}
        return body

    def address(self) -> dict[str, Any]:
        """A postal address."""
        return {
            "city": self.city,
            "country": self.country,
            "line1": f"{int(derived(self.id, 3), 16) % 180 + 1} Market Street",
            "line2": None,
            "postal_code": self.postal_code,
            "state": self.state,
        }


@dataclass(frozen=True, slots=True)
class Purchase:
    """One payment to be: everything about it that never changes.

    Attributes:
        number: its place among the day's purchases, from 0.
        intent_id: the payment intent; empty for a charge made without one, as old integrations do.
        charge_id: the charge that settles it.
        amount_minor: the gateway's minor units of `lane.currency`.
        created_s: Unix time.
        old: told in the shapes of the old API version.
        method: ``card`` or ``sepa_debit``.
        manual: authorised first, captured later.
        description: free text; a careless shop now and then puts a card number there.
    """

    number: int
    intent_id: str
    charge_id: str
    amount_minor: int
    lane: Lane
    customer: Customer
    created_s: int
    old: bool
    method: str = "card"
    manual: bool = False
    description: str = ""

    @property
    def payment_id(self) -> str:
        """The id under which this payment is known: the intent's, or the charge's when there is none."""
        return self.intent_id or self.charge_id

    @property
    def currency(self) -> str:
        """The currency in which the customer pays, lower case."""
        return self.lane.currency

    def metadata(self) -> dict[str, str]:
        """The shop's own words, which travel through the gateway."""
        return {"order_id": f"order-{self.number:06d}", "shop": "north" if self.number % 3 else "south"}


def new_customer(rng: random.Random, created_s: int) -> Customer:
    """A customer drawn from the generator."""
    name = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
    country, city, postal_code, state = rng.choice(_CITIES)
    brand, last4 = rng.choice(_BRANDS)
    customer_id = new_id(rng, "cus_", 14)
    email = f"{name.lower().replace(' ', '.')}.{derived(customer_id, 4)}@example.com"
    return Customer(customer_id, name, email, country, city, postal_code, state, brand, last4, created_s)


def new_purchase(
    rng: random.Random,
    number: int,
    lane: Lane,
    customer: Customer,
    created_s: int,
    *,
    old: bool = False,
    with_intent: bool = True,
    method: str = "card",
    manual: bool = False,
    description: str = "",
) -> Purchase:
    """A purchase with fresh ids and an amount that the lane allows."""
    return Purchase(
        number=number,
        intent_id=new_id(rng, "pi_3", 23) if with_intent else "",
        charge_id=new_id(rng, "py_3" if method == "sepa_debit" else "ch_3", 23),
        amount_minor=rng.randrange(lane.least_minor, lane.most_minor, lane.step_minor),
        lane=lane,
        customer=customer,
        created_s=created_s,
        old=old,
        method=method,
        manual=manual,
        description=description or f"Order {number:06d}",
    )
