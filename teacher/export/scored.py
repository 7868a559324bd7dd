"""The network as a function of plain tensors: what an exported graph computes."""

from __future__ import annotations

from torch import Tensor, nn

from teacher.inputs import Inputs
from teacher.ple.gates import reported
from teacher.training.outputs import linked
from teacher.training.teacher import Teacher

__all__ = ["ScoredNetwork", "input_tensors"]

_PLAIN = ("numeric", "missing", "codes", "scalars", "holdings")
_NAMED = ("sequences", "masks", "distributions", "diagrams")


def input_tensors(inputs: Inputs) -> dict[str, Tensor]:
    """Every tensor of ``inputs`` that has a column, by a flat name: ``numeric``, ..., ``sequences.<name>``, ..."""
    flat = {name: getattr(inputs, name) for name in _PLAIN}
    for kind in _NAMED:
        flat |= {f"{kind}.{name}": value for name, value in getattr(inputs, kind).items()}
    return {name: value for name, value in flat.items() if value.shape[1]}


class ScoredNetwork(nn.Module):
    """Encoded rows to what ``Teacher.predict`` and ``Teacher.gate_weights`` say, all experts and members included.

    Inputs are the tensors of ``input_tensors`` in their order. Outputs: per task ``[rows]`` or ``[rows, K]``
    (probabilities; means in label units), then the gates over the named experts ``[rows, T, S]``. Row counts are read
    from shapes here and in the network, never by ``len``: an exporter cannot keep a ``len`` free.
    """

    def __init__(self, teacher: Teacher, names: list[str]) -> None:
        super().__init__()
        self.network, self.names, self.tasks = teacher.network, names, teacher.inputs.layout.tasks
        self.scales = list(zip(teacher.targets.mean.tolist(), teacher.targets.std.tolist(), strict=True))

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        output = self.network(self._inputs(dict(zip(self.names, tensors, strict=True))))
        said = []
        for (mean, std), task, logits in zip(self.scales, self.tasks, output.logits, strict=True):
            value = linked(logits, task).mean(dim=0)
            said.append(value if task.type == "multiclass" else value[:, 0] * std + mean)
        return (*said, reported(output.layers[0].weights, len(self.network.names)))

    @staticmethod
    def _inputs(given: dict[str, Tensor]) -> Inputs:
        first = next(iter(given.values()))
        empty = first.new_zeros(first.shape[0], 0)
        plain = {name: given.get(name, empty.long() if name == "codes" else empty) for name in _PLAIN}
        named = {
            kind: {name.partition(".")[2]: value for name, value in given.items() if name.startswith(f"{kind}.")}
            for kind in _NAMED
        }
        return Inputs(
            numeric=plain["numeric"],
            missing=plain["missing"],
            codes=plain["codes"],
            scalars=plain["scalars"],
            holdings=plain["holdings"],
            sequences=named["sequences"],
            masks=named["masks"],
            distributions=named["distributions"],
            diagrams=named["diagrams"],
        )
