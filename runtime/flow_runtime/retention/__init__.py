"""Deletes what a deployment stored longer ago than its retentionDays: records, feedback and evaluations.

`plan` decides what goes (pure), `clock` whether the time can be trusted, `run` walks through the store.
Nothing outside `<cluster>/<namespace>/<deployment>/`, and nothing whose name is not exactly one of ours.
"""
