"""Partners' deliveries: how a file becomes rows, how rows are judged, and what of them goes on.

Belongs here: reading bytes that nobody has looked at yet (`reading`), judging each row by its contract (`rows`), adding
accepted rows up to cells of an area, a period and a breakdown (`cells`), and the lists of areas and schools that partners
may name (`areas.csv`, `schools.csv`). Does not belong here: what a contract may say (`sources.contracts`), what happens to
cells after landing (`sources.arrival`), and any figure that the warehouse computes.

Nothing in here puts the value of a cell into a message, a log line or a report: places, rules and what was expected are all
that a partner needs, and a value may be about a person.
"""
