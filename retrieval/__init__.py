"""Documents to ranked passages: loading, chunking, encoding, search."""
