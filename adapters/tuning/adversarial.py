"""Learning from word vectors that are disturbed in the direction that hurts most."""

from __future__ import annotations

from collections.abc import Callable

import torch

STEPS = 3
"""Steps of PGD and FreeLB towards the worst disturbance."""
STRIDE = 0.5
"""Length of such a step, of `epsilon`."""

LossOf = Callable[[torch.Tensor | None], torch.Tensor]
"""A batch's loss under a disturbance of its word vectors, shape (batch, tokens, width)."""


def backward(method: str, loss_of: LossOf, zeros: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Gather a batch's gradients, of the clean texts and of disturbed ones; returns the clean loss.

    `fgm` takes one step along the gradient (Miyato et al. 2017), `pgd` several and learns from the last (Madry et al.
    2018), `freelb` learns from all on its way, from a random beginning (Zhu et al. 2020).

    Args:
        zeros: No disturbance.
        epsilon: Length of a text's disturbance.
    """
    if method == "freelb":
        return _freelb(loss_of, zeros, epsilon)
    disturbance = zeros.clone().requires_grad_(True)
    loss = loss_of(disturbance)
    loss.backward()
    worst = _step(zeros, disturbance, epsilon, epsilon)
    if method == "pgd":
        for _ in range(STEPS - 1):
            worst = worst.requires_grad_(True)
            (slope,) = torch.autograd.grad(loss_of(worst), worst)
            worst = _projected(worst.detach() + STRIDE * epsilon * _unit(slope), epsilon)
    loss_of(worst).backward()
    return loss.detach()


def attacked(method: str, loss_of: LossOf, zeros: torch.Tensor, epsilon: float) -> torch.Tensor:
    """The worst disturbance that `fgm` or `pgd` finds, for measuring what a model withstands."""
    worst = zeros
    for _ in range(1 if method == "fgm" else STEPS):
        worst = worst.detach().requires_grad_(True)
        (slope,) = torch.autograd.grad(loss_of(worst), worst)
        stride = epsilon if method == "fgm" else STRIDE * epsilon
        worst = _projected(worst.detach() + stride * _unit(slope), epsilon)
    return worst


def _freelb(loss_of: LossOf, zeros: torch.Tensor, epsilon: float) -> torch.Tensor:
    disturbance = _projected(torch.empty_like(zeros).uniform_(-1, 1) * epsilon / zeros[0].numel() ** 0.5, epsilon)
    first = zeros.new_zeros(())
    for step in range(STEPS):
        disturbance = disturbance.detach().requires_grad_(True)
        loss = loss_of(disturbance)
        (loss / STEPS).backward()
        first = first if step else loss.detach()
        disturbance = _step(disturbance.detach(), disturbance, STRIDE * epsilon, epsilon)
    return first


def _step(origin: torch.Tensor, moved: torch.Tensor, stride: float, epsilon: float) -> torch.Tensor:
    assert moved.grad is not None
    return _projected(origin + stride * _unit(moved.grad), epsilon)


def _unit(slope: torch.Tensor) -> torch.Tensor:
    return slope / slope.flatten(1).norm(dim=1).clamp(min=1e-12)[:, None, None]


def _projected(disturbance: torch.Tensor, epsilon: float) -> torch.Tensor:
    length = disturbance.flatten(1).norm(dim=1).clamp(min=1e-12)
    return disturbance * (epsilon / length).clamp(max=1.0)[:, None, None]
