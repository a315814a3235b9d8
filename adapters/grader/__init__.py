"""Grading short answers: an answer and the reference as a pair, told by features of the frozen encoder and a head."""
