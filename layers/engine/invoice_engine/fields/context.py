"""What every finder of fields needs to know of a document, worked out once."""

from dataclasses import dataclass, field
from functools import cached_property

from invoice_engine.evidence import Evidence
from invoice_engine.fields.dates import Order, find_dates, order_of
from invoice_engine.fields.found import Found
from invoice_engine.fields.labels import Labels
from invoice_engine.fields.nearby import Finder, Sighting, sightings
from invoice_engine.fields.numbers import DecimalMark, decimal_mark_of, find_amounts
from invoice_engine.fields.titles import Title, titles_in
from invoice_engine.layout.document import Document
from invoice_engine.limits import Deadline

# A document full of labels is hostile or no invoice; each name is looked at this many times at most.
MAX_LABELS = 200


@dataclass
class Context:
    """`evidence` is where what was seen is written down, if anybody wants to know."""

    document: Document
    deadline: Deadline
    evidence: Evidence | None = None
    _amounts: dict[str, tuple[Found, ...]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def labels(self) -> Labels:
        return Labels(self.document)

    @cached_property
    def titles(self) -> list[Title]:
        return titles_in(self.document)

    @cached_property
    def decimal_mark(self) -> DecimalMark | None:
        return decimal_mark_of(self.document.texts)

    @cached_property
    def date_order(self) -> Order:
        return order_of(self.document.texts)

    def amounts(self, text: str) -> tuple[Found, ...]:
        """The amounts in `text`; every finder asks for those of the same cells, so they are kept."""
        found = self._amounts.get(text)
        if found is None:
            found = self._amounts[text] = tuple(find_amounts(text, self.decimal_mark))
        return found

    def dates(self, text: str) -> list[Found]:
        return find_dates(text, self.date_order)

    def near(self, find: Finder, *names: str) -> list[Sighting]:
        """Values seen near the labels with one of `names`. Raises TooLarge when time is up."""
        found: list[Sighting] = []
        for label in self.labels.named(*names)[:MAX_LABELS]:
            self.deadline.check()
            found.extend(sightings(self.document, self.labels, label, find))
        if self.evidence is not None:
            self.evidence.seen += [sighting.seen(names) for sighting in found]
        return found
