"""What watches."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.config import Deployment
from infra.constructs.alarm_topic import AlarmTopic
from infra.constructs.dashboard import OperationsDashboard
from infra.constructs.monthly_budget import MonthlyBudget
from infra.constructs.slo_alarms import SloAlarms
from infra.stacks.agents import AgentsStack
from infra.stacks.serving import ServingStack

__all__ = ["MonitoringStack"]


class MonitoringStack(Stack):
    """Alarms, dashboard and budget of one stage."""

    def __init__(
        self, scope: Construct, *, deployment: Deployment, serving: ServingStack, agents: AgentsStack | None
    ) -> None:
        super().__init__(scope, f"{deployment.prefix}-monitoring", description="Understudy: alarms, dashboard, budget")
        topic = AlarmTopic(self, "Alarms", deployment=deployment).topic
        self.slo = SloAlarms(self, "Slo", deployment=deployment, topic=topic)
        self.slo.of_requests(serving.inference.function)
        self.slo.of_audit()
        if agents is not None:
            self.slo.of_queue(agents.orders.queue, agents.orders.dead)
        alarms = [*self.slo.alarms.values(), *serving.canary.alarms.values()]
        OperationsDashboard(self, "Operations", deployment=deployment, alarms=alarms)
        MonthlyBudget(self, "Budget", deployment=deployment, topic=topic)
        CfnOutput(self, "AlarmTopic", value=topic.topic_arn)
