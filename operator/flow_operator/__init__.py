"""The control plane: makes of FlowDeployments and FlowMonitors what Kubernetes runs, and says how it goes."""
