"""Reads a pod's own counters. Pure."""

from prometheus_client.parser import text_string_to_metric_families

from tests.chaos.books import Count


def parse_counts(text: str) -> Count:
    """Read the collection's counters out of a scrape."""
    values: dict[tuple[str, str], int] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in ("flow_records_total", "flow_records_dropped_total"):
                values[sample.name, next(iter(sample.labels.values()))] = int(sample.value)
    records = {label: value for (name, label), value in values.items() if name == "flow_records_total"}
    dropped = {label: value for (name, label), value in values.items() if name != "flow_records_total"}
    return Count(records["captured"], records["stored"], records["lost"], dropped)
