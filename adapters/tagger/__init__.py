"""The tagger: which words of a sentence name things, of which type, and how the things are related."""
