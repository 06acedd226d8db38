"""The four dashboards."""

from __future__ import annotations

from k8s.board_overview import OVERVIEW
from k8s.board_queues import QUEUES
from k8s.board_rtf import RTF
from k8s.board_workers import WORKERS

DASHBOARDS = (OVERVIEW, RTF, QUEUES, WORKERS)
