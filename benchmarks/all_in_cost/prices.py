"""What AWS charges in us-east-1, in dollars, without any free tier, as its price pages said in November 2025.

Whoever pays others, for another region or by a contract, changes this file. What is charged for a thousand or a
million stands here for one.
"""

from __future__ import annotations

AS_OF = "us-east-1, November 2025"

MILLION = 1_000_000
GB = 1024**3
DAYS_OF_A_MONTH = 30.4
SECONDS_OF_A_MONTH = DAYS_OF_A_MONTH * 24 * 3600

LAMBDA_REQUEST = 0.20 / MILLION
LAMBDA_GB_SECOND = {"arm64": 0.0000133334, "x86_64": 0.0000166667}
STATE_TRANSITION = 0.025 / 1000
WRITE_UNIT = 0.625 / MILLION
READ_UNIT = 0.125 / MILLION
# The first is for PUT, COPY, POST and LIST, the second for GET and HEAD. To delete is free.
S3_WRITE, S3_READ = 0.005 / 1000, 0.0004 / 1000
SQS_REQUEST = 0.40 / MILLION
SNS_PUBLICATION = 0.50 / MILLION
SECRETS_REQUEST = 0.05 / 10_000
# What S3 tells the default bus is charged like an event of one's own.
EVENT = 1.00 / MILLION
TRACE = 5.00 / MILLION
LOG_GB = 0.50

# A month.
S3_GB_MONTH = 0.023
TABLE_GB_MONTH = 0.25
TABLE_BACKUP_GB_MONTH = 0.20
LOG_GB_MONTH = 0.03
METRIC_MONTH = 0.30
ALARM_METRIC_MONTH = 0.10
DASHBOARD_MONTH = 3.00
KEY_MONTH = 1.00

# A fee of a provider, which is not ours.
TEXTRACT_PAGE = 1.50 / 1000
