"""Journals that use most of what is supported; their own programs accept them as well."""

BEANCOUNT = """\
2020-01-01 open Assets:Bank EUR,USD
  iban: "DE00"
2020-01-01 open Assets:Bank:Fees
2020-01-01 open Assets:Stock
2020-01-01 open Equity:Opening
2020-01-01 open Expenses:Food
2020-01-02 pad Assets:Bank Equity:Opening
2020-01-03 balance Assets:Bank 1000.00 USD
2020-01-03 ! "Shop" "Lunch; \\"late\\"" #a #b ^c
  note: "a, b; c: d"
  Assets:Bank  -10.50 USD
    check: 12
  Expenses:Food
2020-01-04 * "change"
  Assets:Bank  10 EUR @ 1.2345 USD
  Assets:Bank  -12.35 USD
2020-01-05 * "buy"
  Assets:Stock  2 HOOL {70 USD, "lot"} @ 71 USD
  Assets:Stock  1 HOOL {{71.50 USD}}
  Assets:Bank  -211.50 USD
2020-01-06 * "lump"
  Assets:Stock  2 HOOL {70 # 10 USD}
  Assets:Bank
2020-01-07 C "two weights"
  Assets:Stock  -1 HOOL @@ 70 USD
  Assets:Bank:Fees  1 USD
  Assets:Bank  69 USD
2020-01-09 close Expenses:Food
"""
HLEDGER = """\
account assets:bank  ; type:A, iban:DE00
account 1000  ; type:L
2024-01-01=2024-01-02 * (INV 7) Shop | lunch  ; trip:rome, work:
  ; place: at the corner
  1000  $-1010.50 = $-1010.50  ; check:12
  ! expenses:food
2024-01-01 ! (=) x
  assets:bank  10.00 EUR
  1000         $-12
2024-01-03
  assets:bank  10.00 EUR @@ $12.01 == 20.00 EUR
  1000
2024-01-04 by assignment
  assets:bank  = 1.50 EUR
  equity:lost
"""
