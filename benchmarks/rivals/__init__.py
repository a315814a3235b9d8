"""What `benchmarks.indexing` runs: a script a system, and the environments of the rivals."""
