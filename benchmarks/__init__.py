"""What the README claims, rerunnable: each module is a script, `python -m benchmarks.NAME`."""
