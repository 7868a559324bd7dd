"""What was spent, in DynamoDB: one item per account, changed by conditional updates."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.stores.dynamodb.client import DynamoClient
from understudy.stores.tables import SPENDING

__all__ = ["DynamoLedger"]


class DynamoLedger(DynamoClient):
    """`Ledger` on ``<prefix>-spending``."""

    def spend(self, account: str, amounts: Mapping[str, int], limits: Mapping[str, int]) -> bool:
        room = {unit: limit - amounts.get(unit, 0) for unit, limit in limits.items()}
        if any(left < 0 for left in room.values()):
            return False
        numbers = {f"#{unit}": unit for unit in {*amounts, *limits}}
        values = {f":{unit}": {"N": str(amount)} for unit, amount in amounts.items()}
        values |= {f":{unit}_room": {"N": str(left)} for unit, left in room.items()}
        conditions = [f"(attribute_not_exists(#{unit}) OR #{unit} <= :{unit}_room)" for unit in limits]
        with self._answering():
            try:
                self._client.update_item(
                    TableName=SPENDING.name(self._prefix),
                    Key={"account": {"S": account}},
                    UpdateExpression="ADD " + ", ".join(f"#{unit} :{unit}" for unit in amounts),
                    ConditionExpression=" AND ".join(conditions),
                    ExpressionAttributeNames=numbers,
                    ExpressionAttributeValues=values,
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def give_back(self, account: str, amounts: Mapping[str, int]) -> None:
        with self._answering():
            self._client.update_item(
                TableName=SPENDING.name(self._prefix),
                Key={"account": {"S": account}},
                UpdateExpression="ADD " + ", ".join(f"#{unit} :{unit}" for unit in amounts),
                ExpressionAttributeNames={f"#{unit}": unit for unit in amounts},
                ExpressionAttributeValues={f":{unit}": {"N": str(-amount)} for unit, amount in amounts.items()},
            )

    def spent(self, account: str) -> dict[str, int]:
        item = self._get(SPENDING.name(self._prefix), {"account": {"S": account}}) or {}
        found = {unit: int(value["N"]) for unit, value in item.items() if "N" in value}
        return {"tokens": 0, "micro_usd": 0} | found
