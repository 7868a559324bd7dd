"""What happens around the distillation job, in Amazon States Language: when to try again, whom to tell and ask.

    Distil --0--> AskForSignOff --approve, bootstrap, force--> Promoted
      |  ^              `--reject, refused, two weeks--> NotPromoted
      |  `-- Pause <-- 5, killed, machine taken away (at most five tries; the job goes on where it stopped)
      `--1, 2, 3, 4--> Tell --> Defect, BadConfig, GatesRejected, DataRefused

The exit codes are those of ``python -m distill.job``.
"""

from __future__ import annotations

from typing import Any

__all__ = ["OUTCOMES", "TRIES", "distillation_flow"]

TRIES = 5
PAUSE_SECONDS = 120  # longer than the lease that a killed job leaves behind
SIGN_OFF_SECONDS = 14 * 24 * 3600
# Exit code -> name of the error and what it means. Whatever is not here is transient: another code (137: killed), or
# none at all, because the machine was taken away before the job could end.
OUTCOMES = {
    1: ("Defect", "The program has a defect; the job's log holds the traceback."),
    2: ("BadConfig", "The config or the dataset's spec is wrong; the job's log names the field."),
    3: ("GatesRejected", "The gates or the teacher's health checks rejected; gates/report.json says why."),
    4: ("DataRefused", "The data were refused; the job's log names file, row and column."),
}
ACCEPTED = ("approve", "bootstrap", "force")
State = dict[str, Any]


def distillation_flow(
    *,
    queue: str,
    definition: str,
    topic: str,
    pause_seconds: int = PAUSE_SECONDS,
    sign_off_seconds: int = SIGN_OFF_SECONDS,
    partition: str = "aws",
) -> State:
    """The definition; its input is ``{"config": "s3://bucket/key.json"}``, a `distill.job.JobConfig`.

    Args:
        queue: ARN of the Batch queue (spot machines).
        definition: ARN of the job definition.
        topic: ARN of the topic whose subscribers are told and asked.
        pause_seconds: Before a further try.
        sign_off_seconds: How long a person has to decide.
        partition: Of the ARNs of the integrations.
    """
    task = f"arn:{partition}:states:::"
    return {
        "Comment": "Distil, try again what was interrupted, ask a person to promote what passed its gates",
        "StartAt": "Begin",
        "States": {
            "Begin": _renewed("Distil", "States.MathAdd(0, 1)"),
            "Distil": {
                "Type": "Task",
                "Resource": f"{task}batch:submitJob.sync",
                "Parameters": {
                    "JobName": "distil",
                    "JobQueue": queue,
                    "JobDefinition": definition,
                    "ContainerOverrides": {
                        "Command.$": "States.Array('python', '-m', 'distill.job', '--config', $.config)"
                    },
                },
                "ResultPath": None,
                # The service itself did not answer; the job was not begun.
                "Retry": [{"ErrorEquals": ["Batch.ServerException"], "IntervalSeconds": 10, "MaxAttempts": 5}],
                "Catch": [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.failure", "Next": "ReadFailure"}],
                "Next": "AskForSignOff",
            },
            "ReadFailure": {
                "Type": "Pass",
                "Parameters": {
                    "config.$": "$.config",
                    "try.$": "$.try",
                    "job.$": "States.StringToJson($.failure.Cause)",
                },
                "Next": "Judge",
            },
            "Judge": {
                "Type": "Choice",
                "Choices": [{**_exited(code), "Next": f"Tell{name}"} for code, (name, _) in OUTCOMES.items()],
                "Default": "TriesLeft",
            },
            "TriesLeft": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.try", "NumericLessThan": TRIES, "Next": "Pause"}],
                "Default": "TellGaveUp",
            },
            "Pause": {"Type": "Wait", "Seconds": pause_seconds, "Next": "Again"},
            "Again": _renewed("Distil", "States.MathAdd($.try, 1)"),
            **_endings(f"{task}sns:publish", topic),
            **_sign_off(f"{task}sns:publish.waitForTaskToken", topic, sign_off_seconds),
        },
    }


def _renewed(following: str, number: str) -> State:
    return {"Type": "Pass", "Parameters": {"config.$": "$.config", "try.$": number}, "Next": following}


def _exited(code: int) -> State:
    place = "$.job.Container.ExitCode"
    return {"And": [{"Variable": place, "IsPresent": True}, {"Variable": place, "NumericEquals": code}]}


def _endings(publish: str, topic: str) -> State:
    """For each way to fail: tell, then fail under a name of its own."""
    causes = dict(OUTCOMES.values())
    causes["GaveUp"] = f"Interrupted {TRIES} times; the next execution with this config goes on where it stopped."
    found: State = {}
    for name, cause in causes.items():
        found[f"Tell{name}"] = {
            "Type": "Task",
            "Resource": publish,
            "Parameters": {
                "TopicArn": topic,
                "Subject": f"Distillation: {name}",
                "Message": {"outcome": name, "config.$": "$.config", "what": cause},
            },
            # Whether somebody could be told does not change what happened.
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": name}],
            "ResultPath": None,
            "Next": name,
        }
        found[name] = {"Type": "Fail", "Error": name, "Cause": cause}
    return found


def _sign_off(publish: str, topic: str, seconds: int) -> State:
    """Wait for a person, who runs ``understudy promote`` with the token; it sends its outcome."""
    return {
        "AskForSignOff": {
            "Type": "Task",
            "Resource": publish,
            "Parameters": {
                "TopicArn": topic,
                "Subject": "Distillation: a bundle passed its gates",
                "Message": {
                    "outcome": "Ready",
                    "config.$": "$.config",
                    "what": "Run `understudy promote --task-token TOKEN`, which decides and sends the outcome here.",
                    "token.$": "$$.Task.Token",
                },
            },
            "TimeoutSeconds": seconds,
            # One who decides asks by a heartbeat, before deciding, whether this still waits.
            "HeartbeatSeconds": seconds - 1,
            "ResultPath": "$.decision",
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "NotPromoted"}],
            "Next": "Decided",
        },
        "Decided": {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [
                        {"Variable": "$.decision.outcome", "IsPresent": True},
                        {"Or": [{"Variable": "$.decision.outcome", "StringEquals": one} for one in ACCEPTED]},
                    ],
                    "Next": "Promoted",
                }
            ],
            "Default": "NotPromoted",
        },
        "Promoted": {"Type": "Succeed"},
        "NotPromoted": {"Type": "Fail", "Error": "NotPromoted", "Cause": "Nobody signed, or promotion was rejected."},
    }
