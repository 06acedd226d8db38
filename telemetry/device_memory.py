"""Memory of this process, and of the GPUs that it sees by NVML (the whole device's)."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """The memory of one device.

    Attributes:
        device: ``cpu`` or ``cuda:N``, N as NVML counts.
        used: bytes; of the process on ``cpu``, of the whole device on a GPU.
        total: bytes; None on ``cpu``, where it is the machine's or the container's business.
    """

    device: str
    used: int
    total: int | None = None


class _Info(ctypes.Structure):
    """A C struct. Source: NVML API reference, nvmlMemory_t."""

    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


def device_memory() -> list[DeviceMemory]:
    """Returns what is used now; a device that does not answer is left out.

    Unlike torch's figures these need no context on the device, which would take memory itself.
    """
    found = []
    if STATM.exists():
        pages = int(STATM.read_text("ascii").split()[1])
        found.append(DeviceMemory("cpu", pages * os.sysconf("SC_PAGE_SIZE")))
    nvml, handles = _opened()
    for index, handle in enumerate(handles):
        info = _Info()
        if nvml is not None and nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(info)) == 0:
            found.append(DeviceMemory(f"cuda:{index}", info.used, info.total))
    return found


@cache
def _opened() -> tuple[ctypes.CDLL | None, tuple[ctypes.c_void_p, ...]]:
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:  # no driver, so no GPU
        return None, ()
    count = ctypes.c_uint()
    if nvml.nvmlInit_v2() != 0 or nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
        return None, ()
    handles = []
    for index in range(count.value):
        handle = ctypes.c_void_p()
        if nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) == 0:
            handles.append(handle)
    return nvml, tuple(handles)
