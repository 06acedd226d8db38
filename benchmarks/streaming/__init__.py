"""How soon audio is heard, and whether it goes on: the service as who listens sees it."""
