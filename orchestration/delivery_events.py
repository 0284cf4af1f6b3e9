"""A partner's delivery as an event in the lineage UI, with what its report says.

Belongs here: how one delivery looks there: counts, decision, refusals per rule, and where its report lies. Does not belong
here: the decision (`sources.partners`) or a value of the delivery, which no record of it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg

from sources.environment import Environment
from sources.partners.privacy import KIND_NL
from sources.partners.register import Delivery
from sources.partners.report import DECISION_NL, report_paths
from sources.partners.rules import RULES


def delivery_event(key: dg.AssetKey, delivery: Delivery, environment: Environment) -> dg.AssetObservation:
    """One delivery of the feed whose asset is `key`."""
    metadata: dict[str, Any] = {
        "delivery": delivery.delivery_id,
        "decision": delivery.decision,
        "way": delivery.way,
        "received_at": dg.MetadataValue.timestamp(delivery.received_at),
        "rows_delivered": delivery.delivered,
        "rows_accepted": delivery.accepted,
        "rows_refused": delivery.refused,
        "periods": ", ".join(delivery.periods) or "none",
        "report": dg.MetadataValue.path(str(report_paths(environment, delivery)[0])),
    }
    optional = {
        "contract_version": delivery.contract_version,
        "timing": delivery.timing,
        "replaces": ", ".join(delivery.replaces) or None,
        "reason": delivery.problem_nl,
    }
    metadata |= {name: value for name, value in optional.items() if value is not None}
    if delivery.refusals_by_rule:
        metadata["refusals"] = _refusals(delivery)
    if delivery.findings:
        metadata["personal_data"] = _findings(delivery)
    text = f"{DECISION_NL[delivery.decision]}: {delivery.delivered:,} rijen geleverd, {delivery.accepted:,} aangenomen"
    return dg.AssetObservation(asset_key=key, description=f"{text}, {delivery.refused:,} afgekeurd.", metadata=metadata)


def _refusals(delivery: Delivery) -> dg.MarkdownMetadataValue:
    rules = sorted(delivery.refusals_by_rule.items(), key=lambda rule: (-rule[1], rule[0]))
    return markdown_table(
        ["regel", "aantal", "verwacht"], [(rule, count, RULES.get(rule, "zie het rapport")) for rule, count in rules]
    )


def _findings(delivery: Delivery) -> dg.MarkdownMetadataValue:
    rows = [(found.place, KIND_NL.get(found.kind, found.kind), found.count, found.of) for found in delivery.findings]
    return markdown_table(["waar", "wat", "aantal", "van"], rows)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> dg.MarkdownMetadataValue:
    """A small table as the lineage UI shows it."""
    lines = [header, ["---"] * len(header), *[[_cell(cell) for cell in row] for row in rows]]
    return dg.MetadataValue.md("\n".join("| " + " | ".join(line) + " |" for line in lines))


def _cell(cell: object) -> str:
    return "" if cell is None else " ".join(str(cell).split()).replace("|", "\\|")[:120]
