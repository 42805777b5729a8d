"""What the dashboard of a stack shows, read from its own definition in CloudWatch, with the values of the metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from invoice_capture_cli.errors import Unreachable
from invoice_capture_cli.stack import Stack, calling_aws

# GetMetricData takes no more at once.
_MOST_QUERIES = 500
_SEARCH = re.compile(r"SEARCH\('\{(?P<schema>[^}]+)\} (?P<terms>[^']+)', '(?P<stat>\w+)'\)")
_TERM = re.compile(r'(\w+)="([^"]*)"')
_PROPERTY = re.compile(r"\$\{PROP\('Dim\.(\w+)'\)\}")


@dataclass(frozen=True)
class Series:
    """One metric of a widget. ``stat`` is CloudWatch's word, ``dimensions`` are all that the metric has."""

    label: str
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    stat: str


@dataclass(frozen=True)
class Widget:
    """``period_seconds`` is what one value stands for; ``searches`` find what is not known before."""

    title: str
    period_seconds: int
    series: Sequence[Series]
    searches: Sequence[Search]


@dataclass(frozen=True)
class Search:
    """All metrics of this name with these ``names`` of dimensions, no more, of which some are ``fixed``."""

    label: str
    namespace: str
    name: str
    names: frozenset[str]
    fixed: Mapping[str, str]
    stat: str

    def found(self, metrics: Sequence[Mapping[str, Any]]) -> Iterator[Series]:
        for dimensions in _each_once(metrics):
            if dimensions.keys() == self.names and self.fixed.items() <= dimensions.items():
                label = _PROPERTY.sub(lambda match: dimensions[match[1]], self.label)  # noqa: B023
                yield Series(label, self.namespace, self.name, dimensions, self.stat)


@dataclass(frozen=True)
class Drawn:
    """The values of a series, one for each period of the time that was asked about, the oldest first; None for none."""

    series: Series
    values: Sequence[float | None]

    @property
    def figure(self) -> float | None:
        """What stands for all of it: the sum of what is counted, and else the last that is known."""
        known = [value for value in self.values if value is not None]
        if not known:
            return None
        return sum(known) if self.series.stat == "Sum" else known[-1]


class Dashboard:
    """The dashboard of a stack. Its methods raise Unreachable when AWS cannot be asked."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._cloudwatch = stack.client("cloudwatch")

    def widgets(self) -> list[Widget]:
        name = self._stack.output("DashboardName")
        with calling_aws(self._stack.name):
            body = json.loads(self._cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
        return [_widget(entry["properties"]) for entry in body["widgets"] if entry["type"] == "metric"]

    def drawn(self, widget: Widget, until: datetime, hours: float, columns: int) -> list[Drawn]:
        """The series that have any value within the last hours, in at most so many columns."""
        period = _period(widget, hours, columns)
        count = max(1, int(hours * 3600 // period))
        # On whole periods, as CloudWatch cuts time; the last one is not over.
        end = datetime.fromtimestamp((until.timestamp() // period + 1) * period, until.tzinfo)
        begin = end - timedelta(seconds=period * count)
        found = [series for search in widget.searches for series in search.found(self._listed(search))]
        series = [*widget.series, *sorted(found, key=lambda each: each.label)]
        with calling_aws(self._stack.name):
            drawn = [
                Drawn(each, _in_periods(points, begin, period, count))
                for each, points in zip(series, self._points(series, begin, end, period), strict=True)
            ]
        return [each for each in drawn if each.figure is not None]

    def _listed(self, search: Search) -> list[Mapping[str, Any]]:
        with calling_aws(self._stack.name):
            pages = self._cloudwatch.get_paginator("list_metrics").paginate(
                Namespace=search.namespace,
                MetricName=search.name,
                Dimensions=[{"Name": name, "Value": value} for name, value in search.fixed.items()],
            )
            return [metric for page in pages for metric in page["Metrics"]]

    def _points(
        self, series: Sequence[Series], begin: datetime, end: datetime, period: int
    ) -> list[Mapping[datetime, float]]:
        points: dict[str, dict[datetime, float]] = {f"m{number}": {} for number in range(len(series))}
        queries = [_query(f"m{number}", each, period) for number, each in enumerate(series)]
        for start in range(0, len(queries), _MOST_QUERIES):
            pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries[start : start + _MOST_QUERIES], StartTime=begin, EndTime=end
            )
            for page in pages:
                for result in page["MetricDataResults"]:
                    points[result["Id"]] |= dict(zip(result["Timestamps"], result["Values"], strict=True))
        return list(points.values())


def _widget(properties: Mapping[str, Any]) -> Widget:
    series, searches = [], []
    for entry in properties["metrics"]:
        options = entry[-1] if isinstance(entry[-1], Mapping) else {}
        if expression := options.get("expression"):
            searches.append(_search(expression, options["label"]))
        else:
            namespace, name, *rest = [word for word in entry if isinstance(word, str)]
            dimensions = dict(zip(rest[::2], rest[1::2], strict=True))
            stat = options.get("stat", properties["stat"])
            series.append(Series(options.get("label", name), namespace, name, dimensions, stat))
    return Widget(properties["title"], properties["period"], series, searches)


def _search(expression: str, label: str) -> Search:
    match = _SEARCH.fullmatch(expression)
    if match is None:
        raise Unreachable(f"The dashboard has an expression that is not understood here: {expression}")
    namespace, *names = match["schema"].split(",")
    terms = dict(_TERM.findall(match["terms"]))
    return Search(label, namespace, terms.pop("MetricName"), frozenset(names), terms, match["stat"])


def _each_once(metrics: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Their dimensions; a metric may stand on several pages."""
    listed = [{each["Name"]: each["Value"] for each in metric.get("Dimensions", [])} for metric in metrics]
    return [dimensions for place, dimensions in enumerate(listed) if dimensions not in listed[:place]]


def _query(number: str, series: Series, period: int) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in series.dimensions.items()]
    metric = {"Namespace": series.namespace, "MetricName": series.name, "Dimensions": dimensions}
    return {"Id": number, "MetricStat": {"Metric": metric, "Period": period, "Stat": series.stat}}


def _period(widget: Widget, hours: float, columns: int) -> int:
    """In whole minutes, and no less than the widget's own."""
    least = -(-hours * 3600 // columns)
    return max(widget.period_seconds, int(-(-least // 60) * 60))


def _in_periods(points: Mapping[datetime, float], begin: datetime, period: int, count: int) -> list[float | None]:
    values: list[float | None] = [None] * count
    for at, value in points.items():
        place = int((at - begin).total_seconds() // period)
        if 0 <= place < count:
            values[place] = value
    return values
