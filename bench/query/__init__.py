"""What is asked of many logs, and what that takes: `make bench-query`."""
