"""Are the tests of the parts that must not fail able to fail? Small defects are put in, one at a time, and looked for.

`python -m tests.mutation [PART...]` puts them in; `python -m tests.mutation coverage` fails below 100 % of branches.
Not mutmut: it turns every message into another (hundreds of survivors that are no hole) and leaves out decorated
functions and constants. Not cosmic-ray: a new interpreter for every mutant takes four times as long.
"""
