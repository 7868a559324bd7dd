"""Teach moto's CloudFormation the types of `infra.emulator.resources`, strictness, and the order of an update."""

from __future__ import annotations

from typing import Any

import moto.cloudformation.parsing as parsing
from moto.cloudformation import models as formation
from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel

from infra.emulator.resources import TYPES, Cloud, Made, Type

__all__ = ["install"]


def install(endpoint: str) -> None:
    """Patch moto in this process; ``endpoint`` is where its services answer.

    Four things differ from stock moto: a type that nothing can create fails the deployment, where moto skips it and
    reports success; an update changes what a new resource refers to before it makes that resource (a new version of a
    function must be one of the new code); a stack that is protected from
    termination stays; and the types above exist.
    """
    clouds: dict[str, Cloud] = {}
    for name, kind in TYPES.items():
        _model(name, kind, lambda region: clouds.setdefault(region, Cloud(endpoint, region)))
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()
    parsing.resource_class_from_type = _strict(parsing.resource_class_from_type)
    _patch(parsing.ResourceMap, "__getitem__", _updating(parsing.ResourceMap.__getitem__))
    _patch(parsing.ResourceMap, "update", _update)
    _patch(formation.CloudFormationBackend, "delete_stack", _protecting(formation.CloudFormationBackend.delete_stack))


def _patch(owner: type, name: str, value: Any) -> None:
    setattr(owner, name, value)


def _strict(original: Any) -> Any:
    def resource_class_from_type(resource_type: str) -> Any:
        found = original(resource_type)
        if found is None and resource_type not in parsing.NULL_MODELS:
            raise ValidationError(message=f"the emulator cannot create {resource_type}")
        return found

    return resource_class_from_type


def _protecting(original: Any) -> Any:
    def delete_stack(self: Any, name_or_stack_id: str) -> None:
        stack = self.get_stack(name_or_stack_id)
        if stack.enable_termination_protection:
            raise ValidationError(
                message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        original(self, name_or_stack_id)
        # Asked for a deleted stack, moto evaluates its outputs, and so makes again what they refer to.
        stack.output_map._output_json_map = None

    return delete_stack


def _updating(original: Any) -> Any:
    def getitem(self: Any, key: str) -> Any:
        pending: set[str] = self.__dict__.get("_pending", set())
        if key in pending:
            pending.discard(key)
            changed = parsing.parse_and_update_resource(
                key, self._resource_json_map[key], self, self._account_id, self._region_name
            )
            self._parsed_resources[key] = changed
        return original(self, key)

    return getitem


def _update(self: Any, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
    actions = self.build_resource_diff(template, parameters)
    before = dict(self._resource_json_map)
    self._template = template
    if parameters:
        self.input_parameters = parameters
    self.load_mapping()
    self.load_parameters()
    self.load_conditions()
    self._resource_json_map = template["Resources"]
    self._pending = set(actions["Modify"])
    for name in (*actions["Modify"], *actions["Add"]):
        _ = self[name]
    for name in actions["Remove"]:
        resource = self._parsed_resources.pop(name, None)
        if resource is not None and before[name].get("DeletionPolicy") != "Retain":
            self._delete_resource(resource, before[name])


def _model(name: str, kind: Type, cloud_of: Any) -> type:
    """A model in the form that moto looks for: a subclass of its `CloudFormationModel`."""

    class Model(CloudFormationModel):
        def __init__(self, made: Made) -> None:
            self.made = made
            self.type = name

        @property
        def physical_resource_id(self) -> str:
            return self.made.ref

        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        @staticmethod
        def cloudformation_type() -> str:
            return name

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            del attr
            return True

        def get_cfn_attribute(self, attribute_name: str) -> str:
            if attribute_name not in self.made.attributes:
                raise ValidationError(message=f"the emulator knows no {attribute_name} of {name}")
            return self.made.attributes[attribute_name]

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
        ) -> Any:
            del account_id, kwargs
            return cls(kind.create(cloud_of(region_name), resource_name, cloudformation_json["Properties"]))

        @classmethod
        def update_from_cloudformation_json(
            cls,
            original_resource: Any,
            new_resource_name: str,
            cloudformation_json: Any,
            account_id: str,
            region_name: str,
        ) -> Any:
            del account_id
            properties = cloudformation_json["Properties"]
            if kind.update is not None:
                return cls(kind.update(cloud_of(region_name), original_resource.made, properties))
            return cls(kind.create(cloud_of(region_name), new_resource_name, properties))

        @classmethod
        def delete_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
        ) -> None:
            del cloudformation_json, account_id
            kind.delete(cloud_of(region_name), resource_name)

    Model.__name__ = Model.__qualname__ = name.replace("::", "")
    KEPT.append(Model)
    return Model


# moto finds models as subclasses, which are held weakly.
KEPT: list[type] = []
