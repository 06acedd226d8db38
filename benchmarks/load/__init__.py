"""What a running service does under load: many short jobs at once, and one very long one."""
