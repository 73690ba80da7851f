"""How often Python looks for garbage in cycles: rarely, since thousands of waiting requests make each look long."""

import gc

YOUNG, MIDDLE, OLD = 10_000, 20, 50
"""Objects more than before until the youngest are looked at; so many of such looks until the older, and all are.

As Python comes, a look at everything stops a hub with 5,000 waiting requests for a third of a second, again and again.
"""


def seldom_collected() -> None:
    """For a process that has started: what is there by now stays, and is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
