"""Everything that two processes of Flow Operator say to each other, one model per arrow of the data path.

The operator writes `settings`, the server writes `record` and `state`, the evaluator writes `run`. Only
names and shapes live here: no I/O, no clock, and nothing but pydantic underneath.
"""
