"""The monitor site: static pages of one release, for residents, the programme office and analysts.

Belongs here: reading a finished ``monitor.duckdb``, putting its figures into Dutch words, pictures and tables, and
writing the pages. Does not belong here: any figure, verdict or trend of its own (those are columns of the marts), and
the moving of releases (`publication.release`).
"""
