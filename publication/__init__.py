"""The way out: the release gate, releases, the data package, the dictionary and rollback.

Belongs here: everything between a finished warehouse and what readers open, up to and including the one atomic flip of
``current``. Does not belong here: Dagster, dbt, publishers, or any change to a figure: what a mart holds is copied as
it is or not released at all. Nothing in this package may import `orchestration`.
"""
