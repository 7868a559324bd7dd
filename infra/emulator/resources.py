"""CloudFormation resource types that moto lacks, or whose properties it drops: created through the services' APIs.

What CloudFormation does with a resource is a call of the service's own API with nearly the same names, so that is what
is done here; the data plane then has what the template says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

__all__ = ["TYPES", "Cloud", "Made", "Type"]

Properties = dict[str, Any]


class Cloud:
    """Clients of the emulated services, one per service."""

    def __init__(self, endpoint: str, region: str) -> None:
        self.region = region
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def __getitem__(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name=self.region,
                endpoint_url=self._endpoint,
                aws_access_key_id="CLOUDFORMATION",
                aws_secret_access_key="none",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service]


@dataclass(frozen=True)
class Made:
    """A created resource: what ``Ref`` gives, and its attributes."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


Create = Callable[[Cloud, str, Properties], Made]
Update = Callable[[Cloud, Made, Properties], Made]
Delete = Callable[[Cloud, str], object]


@dataclass(frozen=True)
class Type:
    """How a type is created, updated (by default: created again under the same name) and deleted."""

    create: Create
    delete: Delete
    update: Update | None = None


def _bucket(cloud: Cloud, name: str, properties: Properties) -> Made:
    s3, bucket = cloud["s3"], properties.get("BucketName", name).lower()[:63]
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=properties.get("ObjectLockEnabled", False))
    if "VersioningConfiguration" in properties:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=properties["VersioningConfiguration"])
    if "ObjectLockConfiguration" in properties:
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=properties["ObjectLockConfiguration"])
    if "PublicAccessBlockConfiguration" in properties:
        s3.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration=properties["PublicAccessBlockConfiguration"]
        )
    host = f"{bucket}.s3.amazonaws.com"
    return Made(bucket, {"Arn": f"arn:aws:s3:::{bucket}", "DomainName": host, "RegionalDomainName": host})


def _bucket_policy(cloud: Cloud, name: str, properties: Properties) -> Made:
    del name
    document = properties["PolicyDocument"]
    # moto enforces a statement but reads no conditions: "deny unless TLS" would deny everything.
    plain = [statement for statement in document["Statement"] if "Condition" not in statement]
    if plain:
        cloud["s3"].put_bucket_policy(Bucket=properties["Bucket"], Policy=json.dumps({**document, "Statement": plain}))
    return Made(properties["Bucket"])


def _key(cloud: Cloud, name: str, properties: Properties) -> Made:
    del name
    kms = cloud["kms"]
    made = kms.create_key(
        Policy=json.dumps(properties["KeyPolicy"]),
        Description=properties.get("Description", ""),
        KeySpec=properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
        KeyUsage=properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
    )["KeyMetadata"]
    if properties.get("EnableKeyRotation"):
        kms.enable_key_rotation(KeyId=made["KeyId"])
    return Made(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})


def _secret(cloud: Cloud, name: str, properties: Properties) -> Made:
    manager, wanted = cloud["secretsmanager"], dict(properties["GenerateSecretString"])
    content, key = json.loads(wanted.pop("SecretStringTemplate")), wanted.pop("GenerateStringKey")
    content[key] = manager.get_random_password(**wanted)["RandomPassword"]
    made = manager.create_secret(Name=name, SecretString=json.dumps(content), Description=properties["Description"])
    return Made(made["ARN"], {"Id": made["ARN"]})


FUNCTION = frozenset(
    {
        "Architectures",
        "Description",
        "Environment",
        "Handler",
        "LoggingConfig",
        "MemorySize",
        "Role",
        "Runtime",
        "SnapStart",
        "Timeout",
        "TracingConfig",
    }
)


def _function(cloud: Cloud, name: str, properties: Properties) -> Made:
    client, function = cloud["lambda"], properties.get("FunctionName", name)[:64]
    made = client.create_function(
        FunctionName=function,
        Code=properties["Code"],
        **{key: properties[key] for key in FUNCTION if key in properties},
    )
    _reserve(cloud, function, properties)
    return Made(function, {"Arn": made["FunctionArn"]})


def _change_function(cloud: Cloud, made: Made, properties: Properties) -> Made:
    client = cloud["lambda"]
    wanted = {key: properties[key] for key in FUNCTION if key in properties and key != "Architectures"}
    client.update_function_code(FunctionName=made.ref, **properties["Code"])
    client.update_function_configuration(FunctionName=made.ref, **wanted)
    _reserve(cloud, made.ref, properties)
    return made


def _reserve(cloud: Cloud, function: str, properties: Properties) -> None:
    if "ReservedConcurrentExecutions" in properties:
        cloud["lambda"].put_function_concurrency(
            FunctionName=function, ReservedConcurrentExecutions=properties["ReservedConcurrentExecutions"]
        )


def _version(cloud: Cloud, name: str, properties: Properties) -> Made:
    del name
    made = cloud["lambda"].publish_version(FunctionName=properties["FunctionName"])
    arn = f"{made['FunctionArn'].partition(':function:')[0]}:function:{made['FunctionName']}:{made['Version']}"
    return Made(arn, {"Version": made["Version"], "FunctionArn": arn})


def _alias(cloud: Cloud, name: str, properties: Properties) -> Made:
    del name
    wanted = {key: properties[key] for key in ("FunctionName", "FunctionVersion", "Name")}
    made = cloud["lambda"].create_alias(**wanted)
    return Made(made["AliasArn"], {"AliasArn": made["AliasArn"]})


def _move_alias(cloud: Cloud, made: Made, properties: Properties) -> Made:
    wanted = {key: properties[key] for key in ("FunctionName", "FunctionVersion", "Name")}
    cloud["lambda"].update_alias(**wanted)
    return made


def _permission(cloud: Cloud, name: str, properties: Properties) -> Made:
    function, _, qualifier = _unqualified(properties["FunctionName"])
    wanted: Properties = {key: properties[key] for key in ("Action", "Principal", "SourceArn") if key in properties}
    if qualifier:
        wanted["Qualifier"] = qualifier
    cloud["lambda"].add_permission(FunctionName=function, StatementId=name[:100], **wanted)
    return Made(name)


def _unqualified(function: str) -> tuple[str, str, str]:
    """An ARN's function and its qualifier: ``arn:aws:lambda:r:a:function:name[:qualifier]``."""
    if function.count(":") < 7:
        return function, "", ""
    return function.rpartition(":")


def _api(cloud: Cloud, name: str, properties: Properties) -> Made:
    wanted = {key: value for key, value in properties.items() if key in ("Description", "Name", "ProtocolType", "Tags")}
    made = cloud["apigatewayv2"].create_api(**{"Name": name, **wanted})
    return Made(made["ApiId"], {"ApiEndpoint": made["ApiEndpoint"], "ApiId": made["ApiId"]})


def _part_of_api(operation: str, identifier: str) -> Create:
    def create(cloud: Cloud, name: str, properties: Properties) -> Made:
        del name
        made = getattr(cloud["apigatewayv2"], operation)(**properties)
        return Made(made[identifier])

    return create


def _alarm(cloud: Cloud, name: str, properties: Properties) -> Made:
    alarm = properties.get("AlarmName", name)
    cloud["cloudwatch"].put_metric_alarm(**{**properties, "AlarmName": alarm})
    return Made(alarm, {"Arn": f"arn:aws:cloudwatch:{cloud.region}:123456789012:alarm:{alarm}"})


def _composite_alarm(cloud: Cloud, name: str, properties: Properties) -> Made:
    # The emulated service lists composite alarms, but has no call that makes one.
    from moto.cloudwatch.models import cloudwatch_backends

    alarm = properties.get("AlarmName", name)
    made = cloudwatch_backends["123456789012"][cloud.region].put_metric_alarm(
        name=alarm,
        namespace="",
        metric_name="",
        comparison_operator="",
        evaluation_periods=0,
        period=0,
        threshold=0.0,
        statistic="",
        description=properties.get("AlarmDescription", ""),
        dimensions=[],
        alarm_actions=properties.get("AlarmActions", []),
        rule=properties["AlarmRule"],
    )
    return Made(alarm, {"Arn": made.alarm_arn})


def _queue_policy(cloud: Cloud, name: str, properties: Properties) -> Made:
    for url in properties["Queues"]:
        policy = json.dumps(properties["PolicyDocument"])
        cloud["sqs"].set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return Made(name)


def _topic_policy(cloud: Cloud, name: str, properties: Properties) -> Made:
    for arn in properties["Topics"]:
        policy = json.dumps(properties["PolicyDocument"])
        cloud["sns"].set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return Made(name)


def _subscription(cloud: Cloud, name: str, properties: Properties) -> Made:
    del name
    wanted = {key: properties[key] for key in ("TopicArn", "Protocol", "Endpoint")}
    return Made(cloud["sns"].subscribe(**wanted, ReturnSubscriptionArn=True)["SubscriptionArn"])


def _code_deploy_application(cloud: Cloud, name: str, properties: Properties) -> Made:
    application = properties.get("ApplicationName", name)
    cloud["codedeploy"].create_application(
        applicationName=application, computePlatform=properties.get("ComputePlatform", "Server")
    )
    return Made(application)


def _deployment_group(cloud: Cloud, name: str, properties: Properties) -> Made:
    cloud["codedeploy"].create_deployment_group(
        applicationName=properties["ApplicationName"],
        deploymentGroupName=name,
        serviceRoleArn=properties["ServiceRoleArn"],
        deploymentConfigName=properties["DeploymentConfigName"],
    )
    return Made(name)


def _budget(cloud: Cloud, name: str, properties: Properties) -> Made:
    budget = {**properties["Budget"], "BudgetName": properties["Budget"].get("BudgetName", name)}
    budget["BudgetLimit"] = {key: str(value) for key, value in budget["BudgetLimit"].items()}
    cloud["budgets"].create_budget(AccountId="123456789012", Budget=budget)
    return Made(budget["BudgetName"])


def _nothing(cloud: Cloud, ref: str) -> None:
    """It goes with the resource that it belongs to, or the emulated service cannot delete it."""


TYPES: dict[str, Type] = {
    "AWS::ApiGatewayV2::Api": Type(_api, lambda cloud, ref: cloud["apigatewayv2"].delete_api(ApiId=ref)),
    "AWS::ApiGatewayV2::Integration": Type(_part_of_api("create_integration", "IntegrationId"), _nothing),
    "AWS::ApiGatewayV2::Route": Type(_part_of_api("create_route", "RouteId"), _nothing),
    "AWS::ApiGatewayV2::Stage": Type(_part_of_api("create_stage", "StageName"), _nothing),
    "AWS::Budgets::Budget": Type(
        _budget, lambda cloud, ref: cloud["budgets"].delete_budget(AccountId="123456789012", BudgetName=ref)
    ),
    "AWS::CloudWatch::Alarm": Type(_alarm, lambda cloud, ref: cloud["cloudwatch"].delete_alarms(AlarmNames=[ref])),
    "AWS::CloudWatch::CompositeAlarm": Type(
        _composite_alarm, lambda cloud, ref: cloud["cloudwatch"].delete_alarms(AlarmNames=[ref])
    ),
    "AWS::CodeDeploy::Application": Type(_code_deploy_application, _nothing),
    "AWS::CodeDeploy::DeploymentGroup": Type(_deployment_group, _nothing),
    "AWS::KMS::Key": Type(
        _key, lambda cloud, ref: cloud["kms"].schedule_key_deletion(KeyId=ref, PendingWindowInDays=30)
    ),
    "AWS::Lambda::Alias": Type(_alias, _nothing, _move_alias),
    "AWS::Lambda::Function": Type(
        _function, lambda cloud, ref: cloud["lambda"].delete_function(FunctionName=ref), _change_function
    ),
    "AWS::Lambda::Permission": Type(_permission, _nothing),
    "AWS::Lambda::Version": Type(_version, _nothing),
    "AWS::S3::Bucket": Type(_bucket, lambda cloud, ref: cloud["s3"].delete_bucket(Bucket=ref)),
    "AWS::S3::BucketPolicy": Type(_bucket_policy, _nothing),
    "AWS::SNS::Subscription": Type(_subscription, _nothing),
    "AWS::SNS::TopicPolicy": Type(_topic_policy, _nothing),
    "AWS::SQS::QueuePolicy": Type(_queue_policy, _nothing),
    "AWS::SecretsManager::Secret": Type(
        _secret, lambda cloud, ref: cloud["secretsmanager"].delete_secret(SecretId=ref)
    ),
}
