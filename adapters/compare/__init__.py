"""All ways to transfer a model, tried on one user's data: what each reaches, what it costs, and which one pays."""
