"""Benchmarks: figures on stdout, never an assertion."""
