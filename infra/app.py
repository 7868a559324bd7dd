"""The CDK application: ``cdk deploy --all -c stage=dev -c bundle=champion.zip`` (defaults are in cdk.json)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aws_cdk import App, Stack, Validations
from aws_cdk import aws_lambda as lambda_
from cdk_nag import AwsSolutionsChecks

from infra.config import CONTEXT, read_deployment
from infra.constructs.function_code import function_code, watch_code
from infra.stacks.agents import AgentsStack
from infra.stacks.audit import AuditStack
from infra.stacks.distillation import DistillationStack
from infra.stacks.monitoring import MonitoringStack
from infra.stacks.serving import ServingStack
from infra.stacks.stateful import StatefulStack
from infra.stacks.watch import WatchStack
from understudy.errors import UserError

__all__ = ["Stacks", "add_stacks", "main"]


@dataclass(frozen=True)
class Stacks:
    """The stacks of one stage; ``agents`` where a language model is named, ``distillation`` where a job's config is."""

    stateful: StatefulStack
    serving: ServingStack
    audit: AuditStack
    watch: WatchStack
    agents: AgentsStack | None
    monitoring: MonitoringStack
    distillation: DistillationStack | None

    def all(self) -> list[Stack]:
        """In the order in which they can be deployed."""
        there = (
            *(self.stateful, self.agents, self.serving, self.audit),
            *(self.watch, self.monitoring, self.distillation),
        )
        return [stack for stack in there if stack is not None]


def add_stacks(
    app: App,
    package: Callable[[], lambda_.Code] | None = None,
    watch_package: Callable[[], lambda_.Code] | None = None,
) -> Stacks:
    """Add the stacks of the stage that the app's context names, and the checks that they must pass.

    Args:
        app: Its context holds what `infra.config.read_deployment` asks for.
        package: Gives the functions' code, once per stack, as the CDK wants it; None builds it.
        watch_package: Likewise, that of the agents which watch by the clock.

    Raises:
        UserError: the context does not say what to deploy.
    """
    deployment = read_deployment({name: app.node.try_get_context(name) for name in CONTEXT})
    package = package or partial(function_code, deployment.arch)
    watching = (watch_package or partial(watch_code, deployment.arch))()
    stateful = StatefulStack(app, deployment=deployment)
    agents = None
    if deployment.reason_model:
        agents = AgentsStack(app, deployment=deployment, stateful=stateful, code=package())
    jobs = agents.orders.queue if agents else None
    serving = ServingStack(app, deployment=deployment, stateful=stateful, code=package(), jobs=jobs)
    stacks = Stacks(
        stateful=stateful,
        serving=serving,
        audit=AuditStack(app, deployment=deployment, stateful=stateful, code=package()),
        watch=WatchStack(app, deployment=deployment, stateful=stateful, serving=serving, code=watching),
        agents=agents,
        monitoring=MonitoringStack(app, deployment=deployment, serving=serving, agents=agents),
        distillation=DistillationStack(app, deployment=deployment) if deployment.distillation else None,
    )
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return stacks


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
