"""A stream of news, watched for surges of negative items."""
