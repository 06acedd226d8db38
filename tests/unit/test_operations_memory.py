"""Memory figures of the process and of what GPUs there are."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import psutil
import pytest

import telemetry.device_memory
from telemetry.device_memory import device_memory


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_resident_memory_is_what_the_kernel_says() -> None:
    (own,) = [memory for memory in device_memory() if memory.device == "cpu"]
    assert own.used == pytest.approx(psutil.Process().memory_info().rss, rel=0.1)
    assert own.total is None


def test_a_gpu_that_does_not_tell_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nvml:
        """Two GPUs, of which the second has fallen off the bus (NVML_ERROR_GPU_IS_LOST = 15)."""

        def nvmlDeviceGetMemoryInfo(self, handle: Any, into: Any) -> int:  # noqa: N802
            if handle.value == 2:
                return 15
            into._obj.total, into._obj.used = 80, 30
            return 0

    handles = (ctypes.c_void_p(1), ctypes.c_void_p(2))
    monkeypatch.setattr(telemetry.device_memory, "_opened", lambda: (Nvml(), handles))
    gpus = [memory for memory in device_memory() if memory.device != "cpu"]
    assert [(gpu.device, gpu.used, gpu.total) for gpu in gpus] == [("cuda:0", 30, 80)]
