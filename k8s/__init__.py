"""What operators run: manifests, dashboards, rules; and the generator of the committed JSON."""
