"""``python -m k8s.generate``: writes what is committed but not written by hand."""

from __future__ import annotations

import json
from pathlib import Path

from k8s.dashboards import DASHBOARDS
from k8s.panels import dashboard_json

MONITORING = Path(__file__).resolve().parent / "monitoring"
RULES = ("recording", "alerts")


def generated() -> dict[Path, str]:
    """Every generated file and its text."""
    boards = {
        MONITORING / "dashboards" / f"{board.uid}.json": json.dumps(
            dashboard_json(board), indent=2, ensure_ascii=False
        )
        + "\n"
        for board in DASHBOARDS
    }
    rules = {MONITORING / f"rules-{name}.yaml": prometheus_rule(name) for name in RULES}
    return boards | rules


def prometheus_rule(name: str) -> str:
    """A rule file, as promtool tests it, inside the Prometheus operator's PrometheusRule."""
    text = (MONITORING / "rules" / f"{name}.yaml").read_text("utf-8")
    indented = "".join(f"  {line}" if line.strip() else line for line in text.splitlines(True))
    return (
        f"# Made from rules/{name}.yaml by `python -m k8s.generate`.\n"
        "apiVersion: monitoring.coreos.com/v1\n"
        "kind: PrometheusRule\n"
        f"metadata:\n  name: rhapsode-{name}\nspec:\n{indented}"
    )


def main() -> None:
    """Writes the files."""
    for path, text in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
