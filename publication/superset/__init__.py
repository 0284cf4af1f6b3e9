"""The dashboards: Superset's own import format, made from a release and a description of what to show.

Belongs here: which dashboards and charts there are (``dashboards.yml``), the bundle that Superset imports (`bundle`), and
setting up and starting a Superset of one's own (`server`, ``superset_config.py``). Does not belong here: figures or
methods; a chart asks a mart and shows what it finds. Superset itself is never imported by the project: it lives in an
environment of its own, with the packages of ``requirements.lock``.
"""
