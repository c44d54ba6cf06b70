"""`make bench`: every line of the budget that the code can do, A against B in one run.

May import every room; nothing imports it. Invariant: A and B take turns on the same machine in the
same run, and only their ratio counts; a time of one machine says nothing about another.
"""
