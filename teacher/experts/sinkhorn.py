"""Entropic optimal transport between histograms on shared bins, in the log domain."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["potentials", "sinkhorn_divergence", "transport_cost"]

_TINY = 1e-30


def potentials(p: Tensor, q: Tensor, cost: Tensor, epsilon: float, iterations: int) -> tuple[Tensor, Tensor]:
    """Dual potentials ``f, g`` of entropic transport by Sinkhorn's iterations on logarithms.

    ``f_i = -eps log sum_j exp((g_j - C_ij) / eps) q_j`` and the same for ``g``, in turn; ``g`` is updated last, so the
    plan ``p_i q_j exp((f_i + g_j - C_ij) / eps)`` has the columns' marginal exactly and the rows' in the limit.

    The kernel ``exp(-C / eps)`` is shared by all problems, so each sum is one matrix product. Potentials stay within
    the range of the cost: with costs up to 1 and ``eps >= 0.02`` no exponent leaves the range of single precision, and
    an empty bin (``p_i = 0``) merely has no weight.

    Shapes: p ``[..., n]``, q ``[..., m]`` (broadcast over leading dimensions), cost ``[n, m]``.
    """
    kernel = torch.exp(-cost / epsilon)
    log_p, log_q = torch.log(p + _TINY), torch.log(q + _TINY)
    f, g = torch.zeros_like(log_p + log_q[..., :1]), torch.zeros_like(log_p[..., :1] + log_q)
    for _ in range(iterations):
        f = -torch.log(torch.exp(log_q + g) @ kernel.T)
        g = -torch.log(torch.exp(log_p + f) @ kernel)
    return epsilon * f, epsilon * g


def transport_cost(p: Tensor, q: Tensor, cost: Tensor, epsilon: float, iterations: int = 15) -> Tensor:
    """``OT_eps(p, q) = min_P <P, C> + eps KL(P | p x q)`` over plans with marginals ``p`` and ``q``.

    The value is the dual objective at the potentials, which are held fixed when differentiating: by the envelope
    theorem the gradients for ``p``, ``q`` and the cost are then exact at convergence, and no iteration is unrolled.

    Shapes: as ``potentials`` -> the broadcast leading dimensions.
    """
    with torch.no_grad():
        f, g = potentials(p, q, cost, epsilon, iterations)
    mass = _mass(p, q, f, g, cost, epsilon)
    return (p * f).sum(dim=-1) + (q * g).sum(dim=-1) - epsilon * (mass - 1.0)


def _mass(p: Tensor, q: Tensor, f: Tensor, g: Tensor, cost: Tensor, epsilon: float) -> Tensor:
    shift = f.amax(dim=-1, keepdim=True)
    rows = p * torch.exp((f - shift) / epsilon)
    columns = q * torch.exp((g + shift) / epsilon)
    return (rows * (columns @ torch.exp(-cost / epsilon).T)).sum(dim=-1)


def sinkhorn_divergence(p: Tensor, q: Tensor, cost: Tensor, epsilon: float, iterations: int = 15) -> Tensor:
    """``S(p, q) = OT(p, q) - (OT(p, p) + OT(q, q)) / 2``: zero at ``p = q`` (Feydy et al., AISTATS 2019).

    Args:
        p: ``[batch, n]`` histograms.
        q: ``[references, n]`` histograms on the same bins.
        cost: ``[n, n]`` symmetric, zero diagonal, at most about 1 (the kernel ``exp(-cost / epsilon)`` is formed).

    Returns:
        ``[batch, references]``.
    """
    between = transport_cost(p.unsqueeze(1), q.unsqueeze(0), cost, epsilon, iterations)
    own_p = transport_cost(p, p, cost, epsilon, iterations)
    own_q = transport_cost(q, q, cost, epsilon, iterations)
    return between - 0.5 * own_p.unsqueeze(1) - 0.5 * own_q.unsqueeze(0)
