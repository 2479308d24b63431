"""What the operator says about a resource: conditions and status as pure functions of what was observed."""
