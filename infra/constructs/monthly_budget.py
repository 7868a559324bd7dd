"""What a month may cost."""

from __future__ import annotations

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.config import Deployment

__all__ = ["MonthlyBudget"]


class MonthlyBudget(Construct):
    """Tells the topic at 80 % of the budget, and when the forecast of the month exceeds it."""

    def __init__(self, scope: Construct, construct_id: str, *, deployment: Deployment, topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=f"{deployment.prefix}-monthly",
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=deployment.config.budget_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                _tell("ACTUAL", 80, topic),
                _tell("FORECASTED", 100, topic),
            ],
        )


def _tell(kind: str, percent: float, topic: sns.ITopic) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
    return budgets.CfnBudget.NotificationWithSubscribersProperty(
        notification=budgets.CfnBudget.NotificationProperty(
            comparison_operator="GREATER_THAN", notification_type=kind, threshold=percent, threshold_type="PERCENTAGE"
        ),
        subscribers=[budgets.CfnBudget.SubscriberProperty(address=topic.topic_arn, subscription_type="SNS")],
    )
