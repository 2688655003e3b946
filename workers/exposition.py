"""What is exposed to Prometheus: families of metrics from readings, tallies and what else is seen.

Every family is there from the first scrape on, with or without samples.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from infra.database.measures import MEASURES, Reading
from infra.database.tallies import CALL_SECONDS, Tally

COUNTERS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "attempts": (
        "fleet_attempts",
        "Attempts at effects, by what became of them",
        ("platform", "effect", "step", "outcome"),
    ),
    "actions": (
        "fleet_actions",
        "Times an action came to a status",
        ("platform", "status"),
    ),
}
"""By the tally they are: name, help, labels."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that was read in one go. None: the database, the broker did not answer."""

    readings: Sequence[Reading] | None
    tallies: Sequence[Tally]
    depths: Mapping[str, int] | None
    stalled: Mapping[str, bool]
    seconds: float


def families(seen: Seen) -> Iterator[Metric]:
    """Return every family of metrics."""
    yield _gauge("fleet_database_up", "Whether the database answers", seen.readings is not None)
    yield _gauge("fleet_broker_up", "Whether the broker answers", seen.depths is not None)
    yield _gauge("fleet_metrics_read_seconds", "How long reading all this took", seen.seconds)
    yield from _gauges(seen.readings or ())
    yield from _labelled(
        "fleet_broker_messages", "Messages waiting in the broker", "queue", seen.depths or {}
    )
    yield from _labelled(
        "fleet_stalled", "1: work is due that this kind of process does not do", "process",
        seen.stalled,
    )  # fmt: skip
    by_name: defaultdict[str, list[Tally]] = defaultdict(list)
    for tally in seen.tallies:
        by_name[tally.name].append(tally)
    for name, (metric, words, labels) in COUNTERS.items():
        yield _counter(metric, words, labels, by_name[name])
    yield from _calls(by_name["calls"])
    yield from _labelled(
        "fleet_last_work_timestamp_seconds", "When an action of the queue last moved on", "queue",
        {one.labels[0]: one.latest.timestamp() for one in by_name["work"] if one.latest},
    )  # fmt: skip
    yield from _labelled(
        "fleet_broken_invariants", "Rules of the books that do not hold: breaches found", "rule",
        {one.labels[0]: one.count for one in by_name["broken"]},
    )  # fmt: skip


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))


def _labelled(name: str, words: str, label: str, values: Mapping[str, float]) -> Iterator[Metric]:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], float(value))
    yield family


def _gauges(readings: Iterable[Reading]) -> Iterator[Metric]:
    found: defaultdict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        found[reading.name].append(reading)
    for measure in MEASURES:
        for name, words in measure.gauges.values():
            family = Metric(name, words, "gauge")
            for one in found[name]:
                family.add_sample(name, dict(one.labels), one.value)
            yield family


def _counter(
    name: str, words: str, labels: Sequence[str], tallies: Iterable[Tally]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, words, labels=labels)
    for one in tallies:
        family.add_metric(one.labels, one.count)
    return family


def _calls(tallies: Iterable[Tally]) -> Iterator[Metric]:
    """Calls by their answer, and by how long they took."""
    answers: defaultdict[tuple[str, str], int] = defaultdict(int)
    classes: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(CALL_SECONDS) + 1))
    seconds: defaultdict[str, float] = defaultdict(float)
    for one in tallies:
        platform, answer, place = one.labels
        answers[platform, answer] += one.count
        classes[platform][int(place)] += one.count
        seconds[platform] += one.seconds
    counter = CounterMetricFamily(
        "fleet_calls", "Calls to platforms by what they answered", labels=["platform", "answer"]
    )
    for labels, count in sorted(answers.items()):
        counter.add_metric(labels, count)
    yield counter
    histogram = HistogramMetricFamily(
        "fleet_call_seconds", "Seconds a call to a platform took", labels=["platform"]
    )
    for platform, counts in sorted(classes.items()):
        sums = [sum(counts[: number + 1]) for number in range(len(counts))]
        bounds = [*map(str, CALL_SECONDS), "+Inf"]
        histogram.add_metric(
            [platform], list(zip(bounds, sums, strict=True)), sum_value=seconds[platform]
        )
    yield histogram
