"""Judges collected records: draws them, asks the judge, decides per metric, writes the report.

plan, mapping, material, answer, quotes, verdict and the reports are pure; sampling, judge, provider and run
do the I/O. The evaluator knows no server, no spool and no Kubernetes.
"""
