"""Software packages: whether one may be installed here, and what became of it.

Who installs it is a helper of root's own, packaging/helper, which believes nothing of what is found out here.
"""
