"""Commands about accounts: open, close, reopen, limit, metadata."""

from ledger.accounts import NORMAL_SIDES, Account, account_fault
from ledger.command_events import AccountClosed, AccountOpened, AccountReopened, LimitSet, MetadataSet
from ledger.commands import METADATA_MAX, CloseAccount, OpenAccount, ReopenAccount, SetLimit, SetMetadata
from ledger.errors import CommandError
from ledger.limits import EVERY_CURRENCY, NOTHING, Limit, left_to_credit, left_to_debit
from ledger.session import Session


def open_account(session: Session, command: OpenAccount) -> AccountOpened:
    """A new account; refused when the code is taken or the account is none."""
    if command.account in session.book.accounts:
        detail = f"account {command.account!r} is in the chart already"
        raise CommandError("account_exists", "account", command.account, detail)
    account = Account(
        code=command.account,
        name=command.name or command.account,
        type=command.type,
        normal_side=command.normal_side or NORMAL_SIDES[command.type],
        clearing=command.clearing,
        currencies=tuple(sorted(set(command.currencies))),
        limits=dict(sorted(command.limits.items())),
        metadata=dict(sorted(command.metadata.items())),
    )
    fault = account_fault(account)
    if fault:
        field, value, detail = fault
        raise CommandError("account_malformed", field, value, detail)
    return AccountOpened(command=command, account=account)


def close_account(session: Session, command: CloseAccount) -> AccountClosed:
    """No more commands; refused while holds are open on it."""
    account = _account(session, command.account)
    if account.closed:
        raise CommandError("account_closed", "account", account.code, f"account {account.code!r} is closed already")
    if any(code == account.code for code, _ in session.book.held):
        detail = f"holds are open on account {account.code!r}: capture or release them first"
        raise CommandError("account_has_holds", "account", account.code, detail)
    return AccountClosed(command=command, account=account.code)


def reopen_account(session: Session, command: ReopenAccount) -> AccountReopened:
    """Refused for an account that is open."""
    account = _account(session, command.account)
    if not account.closed:
        raise CommandError("account_open", "account", account.code, f"account {account.code!r} is open")
    return AccountReopened(command=command, account=account.code)


def set_limit(session: Session, command: SetLimit) -> LimitSet:
    """Refused when the account stands past the limit already: a limit that is set is one that holds."""
    account = _account(session, command.account)
    if command.limit == "none":
        if command.overdraft != "0":
            raise CommandError("limit_malformed", "overdraft", command.overdraft, "no limit has no overdraft")
        return LimitSet(command=command, account=account.code)
    limit = Limit(command.limit, command.overdraft)
    limits = {**account.limits, command.currency: limit}
    limited = Account(
        code=account.code, name=account.name, type=account.type, normal_side=account.normal_side, limits=limits
    )
    fault = account_fault(limited)
    if fault:
        field = "overdraft" if fault[1] == command.currency and "overdraft" in fault[2] else "currency"
        raise CommandError("limit_malformed", field, getattr(command, field), fault[2])
    book = session.book
    currencies = {name for code, name in (*book.balances, *book.held) if code == account.code}
    for currency in sorted(currencies):
        if command.currency not in (currency, EVERY_CURRENCY) or limited.limit(currency) is not limit:
            continue
        posted = book.balances.get((account.code, currency), NOTHING)
        held = book.held.get((account.code, currency), NOTHING)
        for left in (
            left_to_debit(limit, account.normal_side, posted, held),
            left_to_credit(limit, account.normal_side, posted, held),
        ):
            if left is not None and left < 0:
                detail = f"account {account.code!r} is {-left} minor units of {currency} past this limit already"
                raise CommandError("limit_exceeded", "limit", command.limit, detail)
    return LimitSet(command=command, account=account.code)


def set_metadata(session: Session, command: SetMetadata) -> MetadataSet:
    """Fields are set or, with null, removed."""
    account = _account(session, command.account)
    kept = {**account.metadata, **command.metadata}
    if sum(value is not None for value in kept.values()) > METADATA_MAX:
        detail = f"an account has at most {METADATA_MAX} fields of metadata"
        raise CommandError("metadata_too_large", "metadata", str(len(kept)), detail)
    return MetadataSet(command=command, account=account.code)


def _account(session: Session, code: str) -> Account:
    account = session.book.accounts.get(code)
    if account is None:
        raise CommandError("account_unknown", "account", code, f"account {code!r} is not in the chart")
    return account
