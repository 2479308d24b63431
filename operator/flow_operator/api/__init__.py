"""The two custom resources as models: what users write, what the operator reports, and the CRDs made of both.

Pure: no I/O, no clock. The API server checks the rules; these models parse what it has accepted.
"""
