"""The least that answers a request with an item of the table. benchmarks/api_latency.py compares ours with it."""

import json
import os
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    key = {"PK": {"S": f"JOB#{event['path'].rpartition('/')[2]}"}, "SK": {"S": "JOB"}}
    item = dynamodb.get_item(TableName=os.environ["TABLE_NAME"], Key=key, ConsistentRead=True)["Item"]
    return {"statusCode": 200, "body": json.dumps(item)}
