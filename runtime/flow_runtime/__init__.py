"""What runs in the pods: the server that answers, the collector that stores, the evaluator that judges."""
