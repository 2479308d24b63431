"""Brings a flow from git or an object store into the pod, before the server starts: a process of its own.

It leaves a flow.tar.gz, which the server's one unpacker takes with care; nothing is unpacked here.
"""
