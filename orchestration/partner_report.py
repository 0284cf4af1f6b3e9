"""What a person reads in the terminal of partners' deliveries.

Belongs here: tables and sentences on what waits, what was decided and what is past its time. Does not belong here: deciding
anything, and the report for the partner (`sources.partners.report`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sources.environment import HERE, Environment
from sources.partners.inbox import Waiting
from sources.partners.quarantine import Claim
from sources.partners.register import Delivery
from sources.partners.report import DECISION_NL, report_paths
from sources.partners.retention import Expired, Rule


def waiting_report(
    console: Console, environment: Environment, files: Sequence[Waiting], claims: Sequence[Claim]
) -> None:
    """What waits for the next run; names of files are shown, because the inbox is the reader's own."""
    states = {
        "ready": "waits for the next run",
        "settling": "still being written, or changed a moment ago",
        "not_taken": "left alone: no regular file of its own",
    }
    table = Table("partner", "feed", "waits", "since", title=f"Waiting in {environment.inbox}")
    for file in files:
        state = states[file.state] if file.feed_id else f"{states[file.state]}; fits no contract"
        table.add_row(file.partner, file.feed_id or "-", f"{escape(file.name)}: {state}", _moment(file.changed_at))
    for claim in claims:
        table.add_row(
            claim.partner, claim.feed_id or "-", f"{claim.delivery_id}: handed over", _moment(claim.received_at)
        )
    console.print(table if files or claims else "Nothing waits.")


def deliveries_report(console: Console, deliveries: Sequence[Delivery], total: int) -> None:
    """What became of deliveries, oldest first."""
    if not deliveries:
        console.print("Nothing has come in yet.")
        return
    table = Table("delivery", "decision", "accepted", "periods", "received")
    for delivery in deliveries:
        version = f" under v{delivery.contract_version}" if delivery.contract_version else ""
        table.add_row(
            escape(delivery.delivery_id),
            f"{delivery.decision}{version}",
            f"{delivery.accepted:,} of {delivery.delivered:,}",
            _span(delivery.periods),
            "\n".join(filter(None, (_moment(delivery.received_at), delivery.timing))),
        )
    console.print(table)
    if len(deliveries) < total:
        console.print(f"The newest {len(deliveries)} of {total:,} deliveries; --all shows every one.")


def delivery_report(console: Console, environment: Environment, delivery: Delivery) -> None:
    """The report of one delivery in short, and where the whole of it is."""
    console.print(f"{DECISION_NL[delivery.decision]}. {escape(delivery.problem_nl or '')}".strip(), soft_wrap=True)
    console.print(f"{delivery.delivered:,} rows = {delivery.accepted:,} accepted + {delivery.refused:,} refused")
    for rule, count in delivery.refusals_by_rule.items():
        console.print(f"  {rule}: {count:,}")
    for finding in delivery.findings:
        console.print(f"  {escape(finding.place)}: {finding.kind}, {finding.count:,} of {finding.of:,}")
    for path in report_paths(environment, delivery):
        console.print(str(path) if path.exists() else f"{path} (past its time)", soft_wrap=True)


def retention_report(console: Console, expired: Sequence[tuple[Rule, Sequence[Expired]]], *, is_applied: bool) -> None:
    """What is past the time that it is kept, per rule."""
    table = Table("what", "kept for", "counted from", "goes" if is_applied else "would go", "bytes", "oldest")
    for rule, things in expired:
        oldest = _moment(things[0].since) if things else "-"
        size = f"{sum(thing.bytes for thing in things):,}"
        table.add_row(rule.what, f"{rule.days} days", rule.counts_from, f"{len(things):,}", size, oldest)
    table.add_row("register", "for ever", "-", "0", "0", "-")
    console.print(table)
    if not is_applied and any(things for _, things in expired):
        console.print("Nothing was removed. noord retention --apply removes it.")


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(HERE):%Y-%m-%d %H:%M}"


def _span(periods: Sequence[str]) -> str:
    return "-" if not periods else periods[0] if len(periods) == 1 else f"{periods[0]} to {periods[-1]}"
