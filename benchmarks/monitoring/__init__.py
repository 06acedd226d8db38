"""Dashboards, rules and scaling asked of a real Prometheus that scrapes the service under load."""
