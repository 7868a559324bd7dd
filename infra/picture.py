"""Draw the deployment from its templates: ``python -m infra.picture cdk.out > docs/architecture.md``.

Boxes are what a reader would name; an arrow is a permission of a role, or what starts what. Nothing is drawn by hand,
so the picture cannot say what the templates do not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["Picture", "picture", "read_templates"]

Template = Mapping[str, Any]
# Type -> the word for it. Other types are details of these.
DRAWN = {
    "AWS::ApiGatewayV2::Api": "HTTP API",
    "AWS::DynamoDB::Table": "table",
    "AWS::Events::Rule": "clock",
    "AWS::KMS::Key": "key",
    "AWS::Lambda::Function": "function",
    "AWS::S3::Bucket": "bucket",
    "AWS::SNS::Topic": "topic",
    "AWS::SQS::Queue": "queue",
    "AWS::SecretsManager::Secret": "secret",
}
NAMES = ("TableName", "FunctionName", "QueueName", "TopicName", "Name")
# Beginning of an action, without its service -> what it does to the thing; the first that fits.
VERBS = (
    ("BatchGet", "reads"),
    ("BatchWrite", "writes"),
    ("Decrypt", "unwraps"),
    ("Delete", "deletes"),
    ("Encrypt", "wraps"),
    ("Get", "reads"),
    ("List", "reads"),
    ("Put", "writes"),
    ("Query", "reads"),
    ("Receive", "takes"),
    ("Scan", "reads"),
    ("Send", "orders"),
    ("Sign", "signs"),
    ("Update", "writes"),
)


class Picture:
    """Boxes and arrows of the templates of one stage, by stack."""

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self._templates = templates
        self._exports = dict(_exports(templates))
        self.boxes: dict[str, dict[str, str]] = {}
        for stack, template in templates.items():
            named = {name: _label(name, one) for name, one in template["Resources"].items() if one["Type"] in DRAWN}
            if named:
                self.boxes[stack] = named
        self._known = {name for named in self.boxes.values() for name in named}
        self.arrows = self._permissions() | self._starts()

    def _permissions(self) -> dict[tuple[str, str], str]:
        """(function, thing) -> what its role may do to it."""
        verbs: dict[tuple[str, str], set[str]] = {}
        for template in self._templates.values():
            users = self._users(template)
            for policy in (one for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Policy"):
                for user in {user for role in policy["Properties"]["Roles"] for user in users.get(role["Ref"], [])}:
                    for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                        for thing in self._things(statement["Resource"]):
                            verbs.setdefault((user, thing), set()).update(_verbs(statement["Action"]))
        return {pair: ", ".join(sorted(found)) for pair, found in verbs.items() if found}

    def _starts(self) -> dict[tuple[str, str], str]:
        """(starter, function) -> how."""
        found: dict[tuple[str, str], str] = {}
        for template in self._templates.values():
            resources = template["Resources"]
            functions = [name for name, one in resources.items() if one["Type"] == "AWS::Lambda::Function"]
            for name, one in resources.items():
                properties = one.get("Properties", {})
                if one["Type"] == "AWS::Lambda::EventSourceMapping":
                    (queue,) = self._things(properties["EventSourceArn"])
                    (function,) = self._things(properties["FunctionName"])
                    found[queue, function] = "hands over"
                elif one["Type"] == "AWS::Events::Rule":
                    targets = [thing for target in properties["Targets"] for thing in self._things(target["Arn"])]
                    found |= {(name, target): "starts" for target in targets}
                elif one["Type"] == "AWS::ApiGatewayV2::Api" and len(functions) == 1:
                    found[name, functions[0]] = "asks its alias"
        return found

    def _users(self, template: Template) -> dict[str, list[str]]:
        """Role -> the functions that have it."""
        users: dict[str, list[str]] = {}
        for name, one in template["Resources"].items():
            if one["Type"] == "AWS::Lambda::Function":
                users.setdefault(one["Properties"]["Role"]["Fn::GetAtt"][0], []).append(name)
        return users

    def _things(self, value: Any) -> list[str]:
        """The boxes that ``value`` of a template refers to."""
        if isinstance(value, list):
            return list(dict.fromkeys(thing for one in value for thing in self._things(one)))
        if not isinstance(value, dict):
            return []
        for key, content in value.items():
            if key == "Ref":
                return [content] if content in self._known else []
            if key == "Fn::GetAtt":
                return [content[0]] if content[0] in self._known else []
            if key == "Fn::ImportValue":
                return self._things(self._exports.get(str(content)))
        return [thing for content in value.values() for thing in self._things(content)]

    def mermaid(self) -> str:
        """The drawing, for a page that renders Mermaid."""
        lines = ["flowchart LR"]
        for stack, named in sorted(self.boxes.items()):
            lines.append(f"  subgraph {stack}")
            lines += [f'    {name}["{label}"]' for name, label in sorted(named.items(), key=lambda one: one[1])]
            lines.append("  end")
        lines += [f"  {start} -- {how} --> {end}" for (start, end), how in sorted(self.arrows.items())]
        return "\n".join(lines)


def picture(templates: Mapping[str, Template]) -> str:
    """The page with the drawing."""
    return (
        "# What is deployed\n\n"
        "Drawn from the templates by `python -m infra.picture`; an arrow is a permission of a role, or what starts\n"
        "what. Every function may also write its own logs and traces.\n\n"
        f"```mermaid\n{Picture(templates).mermaid()}\n```\n"
    )


def read_templates(folder: Path) -> dict[str, Template]:
    """Stack (its last word) -> template, of an assembly of one stage, or of a folder of templates."""
    found = {path.name.removesuffix(".json").removesuffix(".template"): path for path in folder.glob("*.json")}
    templates = {name.rpartition("-")[2]: json.loads(path.read_text(encoding="utf-8")) for name, path in found.items()}
    return {name: one for name, one in sorted(templates.items()) if isinstance(one, dict) and "Resources" in one}


def _exports(templates: Mapping[str, Template]) -> Iterator[tuple[str, Any]]:
    for template in templates.values():
        for output in template.get("Outputs", {}).values():
            if "Export" in output:
                yield output["Export"]["Name"], output["Value"]


def _label(name: str, resource: Mapping[str, Any]) -> str:
    properties = resource.get("Properties", {})
    given = next((properties[key] for key in NAMES if isinstance(properties.get(key), str)), None)
    said = given.rpartition("-")[2] if given else name.rstrip("0123456789ABCDEF")
    return f"{DRAWN[resource['Type']]}: {said}"


def _verbs(actions: Any) -> set[str]:
    listed = [actions] if isinstance(actions, str) else actions
    found = (
        next((verb for start, verb in VERBS if action.partition(":")[2].startswith(start)), "") for action in listed
    )
    return {verb for verb in found if verb}


if __name__ == "__main__":
    print(picture(read_templates(Path(sys.argv[1]))), end="")
