"""`contraflow demo`: one simulated day through the real pipeline, and whether the books agree with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from contraflow.cli.exit_codes import ExitCode
from contraflow.cli.failure import Failed
from contraflow.cli.options import Debug, Output
from contraflow.cli.preparation import prepare
from contraflow.cli.terminal import Table, Terminal

if TYPE_CHECKING:
    from contraflow.demo import DemoDay
    from contraflow.demo_judgement import Judgement

DIFFERENCES_SHOWN_MAX = 20


def demo(
    context: typer.Context,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up afterwards, until Ctrl-C.")] = False,
    payments: Annotated[
        int, typer.Option("--payments", help="Purchases at Stripe; other gateways have a tenth each.")
    ] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another day.")] = 1,
    output: Output = None,
    debug: Debug = False,
) -> None:
    """Send one simulated day at five gateways through the whole pipeline and judge the books.

    The embedded servers, the data, the book and the gateways that are polled are the demo's own; nothing of yours is
    touched. Exit code 1 when anything differs from what the simulator knows to be true.
    """
    terminal, settings = prepare(context)

    from contraflow.demo import demo_day
    from contraflow.demo_judgement import judge, judge_api
    from contraflow.pipeline import api_url
    from contraflow.simulator import PAYMENTS_MIN
    from contraflow.stop_request import StopRequest
    from contraflow.wiring import postgres_dsn

    if payments < PAYMENTS_MIN:
        raise Failed(
            ExitCode.USAGE, f"--payments {payments}: a day needs at least {PAYMENTS_MIN}, one for each trouble"
        )
    with StopRequest.listening() as stop:
        with demo_day(settings, payments=payments, seed=seed, say=terminal.say) as sent:
            judgement = judge(postgres_dsn(sent.pipeline.settings), sent.book, sent.world.truth)
            judge_api(judgement, api_url(sent.pipeline.settings), sent.book, sent.position)
            judgement.differences += [f"webhook: {problem}" for problem in sent.problems]
            _show(terminal, sent, judgement, keep)
            if keep:
                stop.hold()
                terminal.say("Staying up; Ctrl-C stops")
                while not stop():
                    _pause()
                terminal.say(f"{stop.signal_name}: stopping")
            else:
                stop.hold()
        terminal.say("Stopped; nothing is left running")
    if judgement.differences:
        raise typer.Exit(ExitCode.WRONG)


def _pause() -> None:
    import time

    time.sleep(0.2)


def _show(terminal: Terminal, sent: DemoDay, judgement: Judgement, keep: bool) -> None:
    from contraflow.cli.terminal import OutputFormat
    from contraflow.pipeline import api_url

    url = api_url(sent.pipeline.settings)
    if terminal.output is OutputFormat.json:
        terminal.answer(_as_json(sent, judgement, url))
        return
    terminal.answer(None, _tables(sent, judgement))
    console = terminal.console()
    if judgement.differences:
        console.print(f"\n[bold red]{len(judgement.differences)} things differ from what is true:[/bold red]")
        for line in judgement.differences[:DIFFERENCES_SHOWN_MAX]:
            console.print(f"  {line}", markup=False)
    else:
        console.print("\n[bold green]Everything agrees with what the simulator knows to be true.[/bold green]")
    directory = sent.pipeline.settings.data_dir
    program = _program()
    command = f"CONTRAFLOW_DATA_DIR={directory} CONTRAFLOW_BOOK={sent.book} {program}"
    payment = next(iter(sent.world.stripe.truth.payments))
    asking = [
        f"  curl {url}/books/{sent.book}/trial-balance",
        f"  curl {url}/books/{sent.book}/payments/{payment}",
    ]
    lines = [
        "",
        f"API      {url}  ({url}/docs in a browser)",
        "Try next:",
        *(asking if keep else [f"  {program} demo --keep", "    stays up, so that the API can be asked"]),
        f"  {command} payment {payment}",
        f"  {command} balance 1000",
        f"  {command} verify",
    ]
    console.print("\n".join(lines), markup=False)


def _program() -> str:
    """How this program was called, so that what is shown can be typed as it stands."""
    import shutil
    import sys

    called = sys.argv[0]
    return "contraflow" if shutil.which("contraflow") or not called.endswith("contraflow") else called


def _tables(sent: DemoDay, judgement: Judgement) -> list[Table]:
    from contraflow.cli.figures import for_people
    from ledger.accounts import load_chart

    names = {account.code: account.name for account in load_chart().accounts}
    rows = [
        (account, names.get(account, ""), currency, for_people(amount_minor, currency))
        for (account, currency), amount_minor in sorted(judgement.balances.items())
    ]
    breaks = []
    for item, reason in sorted(judgement.planted | judgement.found):
        verdict = "found" if (item, reason) in judgement.planted & judgement.found else ""
        verdict = verdict or ("NOT FOUND" if (item, reason) in judgement.planted else "INVENTED")
        breaks.append((item, reason, verdict))
    day = {
        "webhooks taken": f"{sent.webhooks:,}, {sent.doubled:,} of them doubled, in {sent.sent_s:.1f} s",
        "bank statements": sent.statements,
        "polled": f"{sum(sent.polled.values()):,} rows and objects, {sum(sent.site.asked.values()):,} calls,"
        f" in {sent.polled_s:.1f} s after the last webhook",
        "settled": f"{sent.settled_s:.1f} s after the last one, at position {sent.position:,} of book {sent.book}",
        "entries posted": f"{judgement.entries:,}",
        "dead letters": judgement.dead_letters,
        "reconciliation": ", ".join(f"{count} {state}" for state, count in sorted(judgement.payouts.items())),
    }
    trial = [
        (currency, for_people(amount_minor, currency), "ok" if amount_minor == 0 else "WRONG")
        for currency, amount_minor in sorted(judgement.trial_balance.items())
    ]
    return [
        Table.of("The day", day),
        Table("Gateways", _GATEWAY_COLUMNS, [tuple(row.values()) for row in _gateways(sent, judgement)], _COUNTED),
        Table("Balances, debits minus credits", ("account", "name", "currency", "balance"), rows, ("balance",)),
        Table("Trial balance", ("currency", "sum of all accounts", ""), trial, ("sum of all accounts",)),
        Table("Payments by status", ("status", "payments"), sorted(judgement.statuses.items()), ("payments",)),
        Table("Reconciliation breaks that the simulator planted", ("payout", "reason", ""), breaks),
    ]


_GATEWAY_COLUMNS = (
    *("gateway", "payments", "webhooks", "doubled", "never sent", "found", "rows polled", "calls", "faults", "payouts"),
    "broken",
)
_COUNTED = _GATEWAY_COLUMNS[1:]


def _gateways(sent: DemoDay, judgement: Judgement) -> list[dict[str, object]]:
    """A row for each gateway; ``found`` are the payments of which no webhook was sent and that polling found."""
    from contraflow.demo import gateway_title

    site, stripe = sent.site, sent.world.stripe
    told = stripe.truth.totals
    rows: list[tuple[object, ...]] = [
        (
            *("Stripe", told["payments"], told["webhooks"], told["webhooks_doubled"], len(stripe.truth.missing)),
            *(0, sent.polled.get("stripe", 0), site.asked["stripe"], site.faulted["stripe"], told["payouts"]),
            len(stripe.truth.breaks),
        )
    ]
    for day in sent.world.gateways:
        name, told = day.gateway, day.truth.totals
        untold = [payment for payment in day.truth.payments if payment in day.untold]
        found = sum(judgement.payments.get(payment) == day.truth.payments[payment] for payment in untold)
        rows.append(
            (
                *(gateway_title(name), told["payments"], told["webhooks"], told["webhooks_doubled"], len(untold)),
                *(found, sent.polled.get(name, 0), site.asked[name], site.faulted[name], told["payouts"]),
                len(day.truth.breaks),
            )
        )
    return [dict(zip(_GATEWAY_COLUMNS, row, strict=True)) for row in rows]


def _as_json(sent: DemoDay, judgement: Judgement, url: str) -> dict[str, object]:
    return {
        "agrees": not judgement.differences,
        "differences": judgement.differences,
        "book": sent.book,
        "position": sent.position,
        "api": url,
        "data_dir": str(sent.pipeline.settings.data_dir),
        "webhooks": {"taken": sent.webhooks, "doubled": sent.doubled, "seconds": round(sent.sent_s, 3)},
        "gateways": _gateways(sent, judgement),
        "statements": sent.statements,
        "polled": {"seconds": round(sent.polled_s, 3), "items": sent.polled},
        "settled_seconds": round(sent.settled_s, 3),
        "entries": judgement.entries,
        "dead_letters": judgement.dead_letters,
        "trial_balance": {currency: str(amount) for currency, amount in sorted(judgement.trial_balance.items())},
        "balances": [
            {"account": account, "currency": currency, "amount": str(amount)}
            for (account, currency), amount in sorted(judgement.balances.items())
        ],
        "payments": dict(sorted(judgement.statuses.items())),
        "reconciliation": dict(sorted(judgement.payouts.items())),
        "breaks": {"planted": sorted(judgement.planted), "found": sorted(judgement.found)},
    }
