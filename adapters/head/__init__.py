"""Feature-based transfer: a linear head on the vectors of the frozen encoder, or of one tuned by contrast."""
