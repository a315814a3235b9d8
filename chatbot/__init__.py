"""A bot: from its config and documents to one turn and its reply."""
