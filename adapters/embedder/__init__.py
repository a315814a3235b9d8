"""The embedder: the backbone's sentence vectors, taught the words of a domain from questions and their passages."""
