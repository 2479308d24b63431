"""Reads back what collectors stored: finds deployments, streams rows in order of time, joins feedback.

Nothing stored is trusted to be whole: what cannot be read is told and passed over.
"""
