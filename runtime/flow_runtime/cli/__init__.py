"""The command `flowop`: validate, try, serve and package a flow on one's own machine, without a cluster.

Only screens and files live here; flows are loaded, run and served by the packages that do so in a pod.
"""
