"""Graft on a bot whose `bot.yaml` wants no graph, which no rival builds either."""

from graft_bot import Graft

if __name__ == "__main__":
    Graft(extractor="none").run()
