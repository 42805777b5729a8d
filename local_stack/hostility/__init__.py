"""What AWS does to those who rely on it, scripted: see docs/hostility.md.

``faults`` is the script and its books, ``invocations`` how functions end, ``concurrency`` how many of them run,
``gate`` what every request passes, ``answers`` the errors of the services, ``deliveries`` of events and messages;
``running_transactions`` and ``index_lag`` are DynamoDB's.
"""

from local_stack.hostility.faults import FOREVER, Delivery, Fault, Faults, Rule

__all__ = ["FOREVER", "Delivery", "Fault", "Faults", "Rule"]
