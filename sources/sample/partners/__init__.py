"""The partners of the sample: what they deliver, and how their systems write it.

Belongs here: a module for each programme line with the rows of its partners, the dialects of their files, and the
stand-in for the one partner with an interface of its own (`repairs`). Does not belong here: the model behind the figures
(`sources.sample.figures`), the list of files and their places (`sources.sample.deliveries`), and reading a delivery
(`sources.partners`).

Partners, names and figures are invented; areas are real. A resident of De Hei or In de Cramer would be easy to recognise
in a real delivery, so small numbers are made on purpose: rules that protect people must have something to protect.
"""
