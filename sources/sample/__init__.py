"""The bundled sample: recorded answers of publishers and deliveries of partners, so that it all runs without a network.

Belongs here: the generator of ``sample.warc.gz`` and of the files below ``deliveries/``, and what it needs. ``areas.py``
holds the areas, ``figures.py`` and ``crimes.py`` the model behind the invented figures, ``columns.py`` the columns of each
table, ``odata.py``, ``odata4.py``, ``files.py``, ``ckan.py`` and ``features.py`` stand-ins for the publishers that answer in
their own formats, ``generate.py`` the recording, ``deliveries.py`` and ``partners/`` the files of the partners. Does not
belong here: reading the archive, which is an ordinary replay (`sources.archive`), and taking in deliveries, which come as
from an inbox (`sources.partners`); nothing in this folder but the archive and the deliveries is used by a run.

What stands in ``areas.csv`` is fact: codes, names, inhabitants and households of Heerlen and of the wijken of other
focus areas in 2020, inhabitants of the other municipalities in 2022 (rounded for the three that merged), hectares and
postcodes. National totals resemble published ones. Every other figure is invented, and marked by the data origin
``sample`` wherever it goes.
"""
