"""Pure builders: one small file per child object, values in and plain dicts out.

No I/O, no clock, no environment; the order of BUILDERS is the order in which children are applied.
"""
