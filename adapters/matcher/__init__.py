"""The matcher: the backbone tuned to bring a question near to the sentence that answers it."""
