"""The reranker: the backbone as a cross-encoder, which reads a question and a text together and scores the pair."""
