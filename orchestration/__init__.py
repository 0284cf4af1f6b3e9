"""When things happen: Dagster definitions, the dbt runner and the ``noord`` command.

Belongs here: assets made from the feed registry and the dbt manifest, checks as the lineage UI shows them, jobs,
schedules, the run that the command line starts. Does not belong here: parsing of a feed, any SQL that computes a
figure, any rule of what may be released.
"""
