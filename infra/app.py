"""The CDK application: ``cdk deploy --all -c stage=dev -c bundle=champion.zip`` (defaults are in cdk.json)."""

from __future__ import annotations

import sys
from typing import Any

from aws_cdk import App, Validations
from aws_cdk import aws_lambda as lambda_
from cdk_nag import AwsSolutionsChecks

from infra.config import read_deployment
from infra.constructs.function_code import function_code
from infra.stacks.serving import ServingStack
from infra.stacks.stateful import StatefulStack
from understudy.errors import UserError

__all__ = ["add_stacks", "main"]

CONTEXT = ("stage", "bundle")


def add_stacks(app: App, code: lambda_.Code | None = None) -> tuple[StatefulStack, ServingStack]:
    """Add both stacks of the stage that the app's context names, and the checks that they must pass.

    Args:
        app: Its context holds ``stage`` and ``bundle``.
        code: The function's code; None builds the package.

    Raises:
        UserError: the context does not say what to deploy.
    """
    context: dict[str, Any] = {name: app.node.try_get_context(name) for name in CONTEXT}
    deployment = read_deployment(context)
    stateful = StatefulStack(app, deployment=deployment)
    serving = ServingStack(app, deployment=deployment, stateful=stateful, code=code or function_code())
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return stateful, serving


def main() -> int:
    """Synthesise into the directory that the CDK command asks for; exit code 2 where the context does not suffice."""
    app = App(analytics_reporting=False)
    try:
        add_stacks(app)
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
