"""For all suites: generated cases are the same in every run, and no clock decides about them."""

import hypothesis

# A shared machine may be slow at any moment, so time is for benchmarks; and a gate must not depend on luck.
hypothesis.settings.register_profile("gate", deadline=None, derandomize=True)
hypothesis.settings.load_profile("gate")
