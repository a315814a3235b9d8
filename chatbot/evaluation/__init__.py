"""Measuring a bot: on its own questions, on BEIR sets, on SQuAD-format sets."""
