"""The benchmarks: `make bench`. The package measures; docs/benchmarks.md says what and how."""
