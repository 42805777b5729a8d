"""Encryption at rest and on the way, access logs, and who may use a key of one's own."""

from typing import Any

import pytest

from tests.template.steps import STEPS, pascal
from tools.choices import chosen

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1a2b"
PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}
# S3 delivers its logs into no bucket with a key of one's own.
BUCKETS_OF_LOGS = {"AccessLogsBucket"}


def _of_type(cloudformation: dict[str, Any], type_: str, **parameters: str) -> dict[str, Any]:
    """The properties of all resources of a type, for these parameters."""
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in chosen(cloudformation, **parameters)["Resources"].items()
        if resource["Type"] == type_
    }


@pytest.mark.parametrize(
    ("kind", "policy_kind", "names"),
    [
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket"),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"),
    ],
)
def test_nothing_is_taken_or_given_over_plain_http(cloudformation, kind, policy_kind, names):
    """A second policy of the same queue or topic would take the place of the first."""
    refusing = []
    for policy in _of_type(cloudformation, policy_kind).values():
        [refusal] = [part for part in policy["PolicyDocument"]["Statement"] if part["Effect"] == "Deny"]
        assert (refusal["Principal"], refusal["Condition"]) == ("*", PLAIN_HTTP)
        covered = policy[names] if isinstance(policy[names], list) else [policy[names]]
        refusing += [reference["Ref"] for reference in covered]
        assert all(name in str(refusal["Resource"]) for name in [reference["Ref"] for reference in covered])
    assert sorted(refusing) == sorted(_of_type(cloudformation, kind))


def test_everything_is_encrypted_by_keys_of_aws_unless_there_is_another(cloudformation):
    assert all(queue["SqsManagedSseEnabled"] is True for queue in _of_type(cloudformation, "AWS::SQS::Queue").values())
    assert all(topic["KmsMasterKeyId"] for topic in _of_type(cloudformation, "AWS::SNS::Topic").values())
    for bucket in _of_type(cloudformation, "AWS::S3::Bucket").values():
        [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_one_parameter_encrypts_everything_by_a_key_of_ones_own(cloudformation):
    for logical_id, bucket in _of_type(cloudformation, "AWS::S3::Bucket", KmsKeyArn=KEY).items():
        if logical_id not in BUCKETS_OF_LOGS:
            [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            default = rule["ServerSideEncryptionByDefault"]
            assert default == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}, logical_id
            # One request to KMS for many objects.
            assert rule["BucketKeyEnabled"] is True
    [table] = _of_type(cloudformation, "AWS::DynamoDB::Table", KmsKeyArn=KEY).values()
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    for logical_id, queue in _of_type(cloudformation, "AWS::SQS::Queue", KmsKeyArn=KEY).items():
        assert (queue["KmsMasterKeyId"], "SqsManagedSseEnabled" in queue) == (KEY, False), logical_id
    for logical_id, topic in _of_type(cloudformation, "AWS::SNS::Topic", KmsKeyArn=KEY).items():
        assert topic["KmsMasterKeyId"] == KEY, logical_id
    for logical_id, group in _of_type(cloudformation, "AWS::Logs::LogGroup", KmsKeyArn=KEY).items():
        assert group["KmsKeyId"] == KEY, logical_id
    for logical_id, function in _of_type(cloudformation, "AWS::Lambda::Function", KmsKeyArn=KEY).items():
        assert function["KmsKeyArn"] == KEY, logical_id


def test_all_who_need_the_key_may_use_it_and_nothing_else(cloudformation):
    [policy] = [
        policy
        for policy in _of_type(cloudformation, "AWS::IAM::Policy", KmsKeyArn=KEY).values()
        if policy["PolicyName"] == "UseKmsKey"
    ]
    users = {role["Ref"] for role in policy["Roles"]}
    assert users == {f"{pascal(step)}FunctionRole" for step in STEPS} | {"CaptureInvoiceStateMachineRole"}
    [statement] = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == (["kms:Decrypt", "kms:GenerateDataKey"], KEY)
    assert "UseKmsKeyPolicy" not in chosen(cloudformation)["Resources"]


def test_who_reads_documents_is_written_down(cloudformation):
    buckets = _of_type(cloudformation, "AWS::S3::Bucket")
    for logical_id, bucket in buckets.items():
        if logical_id not in BUCKETS_OF_LOGS:
            [delivers_to] = bucket["LoggingConfiguration"]["DestinationBucketName"].values()
            assert delivers_to in BUCKETS_OF_LOGS
    [rule] = buckets["AccessLogsBucket"]["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == cloudformation["Parameters"]["LogRetentionDays"]["Default"]


def test_requests_are_written_down_on_request_and_without_what_they_search_for(cloudformation):
    [silent] = _of_type(cloudformation, "AWS::ApiGateway::Stage").values()
    assert "AccessLogSetting" not in silent
    [stage] = _of_type(cloudformation, "AWS::ApiGateway::Stage", ApiAccessLogs="true").values()
    assert stage["AccessLogSetting"]["DestinationArn"] == {"Fn::GetAtt": ["ApiAccessLogGroup", "Arn"]}
    assert "querystring" not in stage["AccessLogSetting"]["Format"]
