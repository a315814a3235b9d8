"""How well questions are answered from a graph of facts: `python -m benchmarks.asking`.

`sets/` holds facts (`subject,relation,object`) and, beside them, ways to ask about them (see `forms`), all written for
this benchmark. What a question asks is a path through the facts, so that walking the path gives the right answers.
"""
