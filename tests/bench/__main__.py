"""python -m tests.bench: all benchmarks, about 20 s."""

from tests.bench import serving

serving.run()
