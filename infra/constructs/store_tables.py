"""The tables behind ``dynamodb://<prefix>``."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from understudy.stores.tables import AUDIT, CUSTOMERS, HEADS, OVERSIGHT, SENTENCES, SPENDING, Table

__all__ = ["StoreTables"]

TYPES = {"S": dynamodb.AttributeType.STRING, "N": dynamodb.AttributeType.NUMBER}


class StoreTables(Construct):
    """Everything behind the store; billed per request, so that an idle bank pays for storage only.

    Encrypted under the account's AWS-managed key, not AWS's own: each use of it is in CloudTrail, yet it has no monthly
    fee and no key policy that could lock the audit trail away. Deletion protection and RETAIN both stand in the way of
    losing a table; point-in-time recovery covers what is written into one by mistake.
    """

    def __init__(self, scope: Construct, construct_id: str, *, prefix: str) -> None:
        super().__init__(scope, construct_id)
        self.customers = self._table("Customers", CUSTOMERS, prefix)
        self.oversight = self._table("Oversight", OVERSIGHT, prefix)
        self.audit = self._table("Audit", AUDIT, prefix)
        self.heads = self._table("Heads", HEADS, prefix)
        self.sentences = self._table("Sentences", SENTENCES, prefix)
        self.spending = self._table("Spending", SPENDING, prefix)

    def _table(self, construct_id: str, table: Table, prefix: str) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            construct_id,
            table_name=table.name(prefix),
            partition_key=_attribute(table.partition),
            sort_key=_attribute(table.sort) if table.sort else None,
            time_to_live_attribute=table.ttl,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
        )


def _attribute(key: tuple[str, str]) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=key[0], type=TYPES[key[1]])
