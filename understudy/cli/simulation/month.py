"""The month: every day's customers, what goes wrong, and the agents' night."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.cli.simulation.plan import Plan
from understudy.cli.simulation.sentences import MODEL, write_day
from understudy.cli.simulation.tampering import tamper
from understudy.cli.simulation.traffic import serve_day
from understudy.cli.simulation.world import World, environment
from understudy.progress import Progress

__all__ = ["live"]

WEEK = 7
# The agents' night, in hours after the day began: the log is signed, verified, and the day judged.
SIGN, VERIFY, JUDGE, AUDIT = 24.25, 24.5, 25.0, 26.0


@dataclass(frozen=True)
class _Fake:
    url: str

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "fake",
            "AWS_SECRET_ACCESS_KEY": "fake",
        }


def live(world: World, plan: Plan, progress: Progress) -> None:
    """Replay the month; everything is left under the world's root.

    Raises:
        UserError: the bundle was not promoted, or a simulation is there already.
    """
    from understudy.local.fake_bedrock import FakeBedrock

    world.prepare()
    with world.clock(), FakeBedrock() as bedrock:
        world.at(plan.date_of(1), 0)
        bundle = world.promote()
        told = world.environment(bundle) | _Fake(bedrock.url).environment()
        told |= {"UNDERSTUDY_REASON_MODEL": MODEL, "UNDERSTUDY_REASON_QUEUE": world.jobs}
        with environment(told), progress.task("days", plan.days) as advance:
            for number in range(1, plan.days + 1):
                serve_day(world, plan, number)
                write_day(world, plan, number, bedrock)
                if number == plan.tampered:
                    tamper(world, plan.date_of(number))
                advance(1, _night(world, plan, number))


def _night(world: World, plan: Plan, number: int) -> str:
    from agents.watch.handlers import nightly_fsck, nightly_ops, weekly_audit

    day = plan.date_of(number)
    world.at(day, SIGN)
    world.sign()
    world.at(day, VERIFY)
    nightly_fsck({"day": day}, None)
    world.at(day, JUDGE)
    found = nightly_ops({"day": day}, None)
    if number % WEEK == 0:
        world.at(day, AUDIT)
        weekly_audit({"day": day}, None)
    return f"{day} {found['colour']}"
