"""Quizzes: a student's answer is graded, with what supports the reference and what the answer lacks."""
