"""Which of the numbers may be seen, and how: the engine decides, this model only brings it the tables.

SQL can't decide this: whether a hidden count can be worked out from everything shown is a linear programme.
"""

from dbt_project.disclosure.engine import decide


def model(dbt, session):  # noqa: ARG001  (dbt gives both)
    dbt.config(materialized="table")
    return decide(
        dbt.ref("int_disclosure__quantities").df(),
        dbt.ref("int_disclosure__parts").df(),
        dbt.ref("int_disclosure__published_before").df(),
    )
