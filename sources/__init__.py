"""The way in: feeds, the protocols that reach them, landing, the arrival gate and the bundled sample.

Belongs here: everything that knows a publisher, a URL, a file format or a feed's contract, up to and including the
promotion of checked rows to ``raw.<feed>``. Does not belong here: Dagster, dbt, releases, or the computation of any
figure. Nothing in this package may import `publication` or `orchestration`.
"""
