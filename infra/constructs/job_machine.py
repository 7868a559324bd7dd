"""The state machine around the distillation job, and what starts it."""

from __future__ import annotations

import json

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.config import Deployment
from infra.constructs.job_machines import JobMachines
from infra.distillation_flow import distillation_flow

__all__ = ["JobMachine"]


class JobMachine(Construct):
    """Started on the first of each month, by an event of drift, or by hand with another config."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        machines: JobMachines,
        topic: sns.ITopic,
        config: str,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        flow = distillation_flow(
            queue=machines.queue.job_queue_arn,
            definition=machines.definition.job_definition_arn,
            topic=topic.topic_arn,
            partition=stack.partition,
        )
        log = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/vendedlogs/states/{deployment.prefix}-distillation",
            retention=deployment.config.log_retention,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.machine = stepfunctions.StateMachine(
            self,
            "Machine",
            state_machine_name=f"{deployment.prefix}-distillation",
            # Not by the stack's own to_json_string: it leaves out nulls, and "ResultPath": null means something.
            definition_body=stepfunctions.DefinitionBody.from_string(json.dumps(flow)),
            logs=stepfunctions.LogOptions(destination=log, level=stepfunctions.LogLevel.ALL),
            tracing_enabled=True,
        )
        for statement in _may(stack, machines, topic):
            self.machine.add_to_role_policy(statement)
        acknowledge(
            self.machine,
            "IAM5[Resource::*]",
            "A job's id is not known before it runs, and Batch, traces and deliveries of logs cannot be narrowed.",
        )
        start = targets.SfnStateMachine(self.machine, input=events.RuleTargetInput.from_object({"config": config}))
        events.Rule(
            self,
            "Monthly",
            description="Distils on the first of each month",
            schedule=events.Schedule.cron(day="1", hour="18", minute="0"),
            targets=[start],
        )
        events.Rule(
            self,
            "Drift",
            description="Distils when drift was reported",
            event_pattern=events.EventPattern(source=["understudy"], detail_type=["Drift"]),
            targets=[start],
        )


def _may(stack: Stack, machines: JobMachines, topic: sns.ITopic) -> list[iam.PolicyStatement]:
    rule = stack.format_arn(service="events", resource="rule", resource_name="StepFunctionsGetEventsForBatchJobsRule")
    jobs = [machines.queue.job_queue_arn, machines.definition.job_definition_arn]
    return [
        iam.PolicyStatement(sid="Submit", actions=["batch:SubmitJob"], resources=jobs),
        iam.PolicyStatement(sid="Follow", actions=["batch:DescribeJobs", "batch:TerminateJob"], resources=["*"]),
        iam.PolicyStatement(
            sid="Wait", actions=["events:DescribeRule", "events:PutRule", "events:PutTargets"], resources=[rule]
        ),
        iam.PolicyStatement(sid="Tell", actions=["sns:Publish"], resources=[topic.topic_arn]),
    ]
