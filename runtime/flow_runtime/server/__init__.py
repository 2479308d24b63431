"""The serving process: HTTP on two ports, one loaded flow, one record per request into the spool.

Holds no Kubernetes token, knows no store, and its request path waits for nothing but the flow.
"""
