"""The control plane: turns FlowDeployments and FlowMonitors into what Kubernetes runs, and says how it goes."""
