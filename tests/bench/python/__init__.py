"""What the benchmarks measure in Python: our waits, and those of `httpx-sse`."""
