"""Which counts of people may be seen, and in what form: disclosure control, as pure functions on tables.

Belongs here: the rules that hide a count by itself (`rules`), what a reader can work out from everything that is shown
(`attacker`), which further counts must therefore be hidden (`secondary`), and the order of these (`engine`). Does not
belong here: SQL, files, a network, and how quantities come about (the models ``int_disclosure__*``).

Sources: Hundepool et al., *Statistical Disclosure Control* (Wiley 2012), chapter 4, on primary suppression, audit and
secondary suppression; Fischetti & Salazar, "Solving the cell suppression problem on tabular data with linear
constraints", *Management Science* 47 (2001), on attacker, audit by linear bounds and protection levels; tau-argus' manual.
"""
