"""Several processes train one network: torchrun starts them, each sees other batches.

The gradients are averaged by hand instead of through DistributedDataParallel, since an adversary
and a decoder that is called step by step do not pass through one ``forward``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor


def join(device: str) -> str:
    """Joins the group that torchrun started, if it did; returns this process's device."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return device
    on_gpu = device.startswith("cuda")
    dist.init_process_group("nccl" if on_gpu else "gloo")
    if not on_gpu:
        return device
    own = f"cuda:{os.environ['LOCAL_RANK']}"
    torch.cuda.set_device(own)
    return own


def leave() -> None:
    """Leaves the group."""
    if dist.is_initialized():
        dist.destroy_process_group()


def size() -> int:
    """How many processes train."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Which of them this is; 0 writes the files."""
    return dist.get_rank() if dist.is_initialized() else 0


def agree(wish: bool, device: str) -> bool:
    """What process 0 wishes: clocks differ, the end of a run must not."""
    if size() == 1:
        return wish
    vote = torch.tensor(int(wish), device=device)
    dist.broadcast(vote, 0)
    return bool(vote)


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Replaces every gradient by its mean over the processes, in place."""
    if size() == 1:
        return
    learning = [p for p in parameters if p.requires_grad]
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in learning]
    flat = torch.cat([g.flatten() for g in grads])
    dist.all_reduce(flat)
    parts = torch.split(flat / size(), [g.numel() for g in grads])
    for parameter, part in zip(learning, parts, strict=True):
        parameter.grad = part.view_as(parameter)
