"""What the use cases need from outside, as Protocols. Adapters in ``aws``, ``links`` and ``providers`` implement them.

Every store raises ``StoreUnavailable`` when the service behind it does not answer, whatever else a method names.
"""

from invoice_capture.ports.catalogue import (
    Head,
    HeadPage,
    JobCatalogue,
    JobOrders,
    NumberTaken,
    Page,
)
from invoice_capture.ports.clients import ClientStore, KeyStore, UsagePlans
from invoice_capture.ports.documents import (
    DocumentStore,
    Links,
    Shown,
    UploadForm,
)
from invoice_capture.ports.jobs import (
    JobStore,
    StaleWrite,
    StoredInvoice,
    SubmissionStore,
)
from invoice_capture.ports.provider_states import (
    Lease,
    ProviderState,
    ProviderStateStore,
)
from invoice_capture.ports.providers import (
    ALL_KINDS,
    Capabilities,
    PollResult,
    PollState,
    Provider,
    Providers,
    RequestCounts,
    Throttled,
)
from invoice_capture.ports.services import (
    Callbacks,
    Clock,
    Executions,
    ExtractionRuns,
    FunctionInvoker,
    MessageQueue,
    Metrics,
    Notifier,
)
from invoice_capture.ports.spending import SpendingStore
from invoice_capture.ports.webhooks import (
    Answer,
    DeliveryQueue,
    Endpoints,
    EventBus,
    Poster,
    WebhookStore,
)

__all__ = [
    "ALL_KINDS",
    "Answer",
    "Callbacks",
    "Capabilities",
    "ClientStore",
    "Clock",
    "DeliveryQueue",
    "DocumentStore",
    "Endpoints",
    "EventBus",
    "Executions",
    "ExtractionRuns",
    "FunctionInvoker",
    "Head",
    "HeadPage",
    "JobCatalogue",
    "JobOrders",
    "JobStore",
    "KeyStore",
    "Lease",
    "Links",
    "MessageQueue",
    "Metrics",
    "Notifier",
    "NumberTaken",
    "Page",
    "PollResult",
    "PollState",
    "Poster",
    "Provider",
    "ProviderState",
    "ProviderStateStore",
    "Providers",
    "RequestCounts",
    "Shown",
    "SpendingStore",
    "StaleWrite",
    "StoredInvoice",
    "SubmissionStore",
    "Throttled",
    "UploadForm",
    "UsagePlans",
    "WebhookStore",
]
