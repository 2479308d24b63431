"""What the collector costs, beside others that bring lines of JSON into a bucket: `make collector-bench`."""
