"""Set up Superset's own database and import the bundle: run by `publication.superset.server` with Superset's Python.

Belongs here: what must happen inside Superset, in one process, because each start of it takes five seconds. Does not
belong here: anything that the project itself imports; Superset is not in its environment.

    python setup_superset.py BUNDLE.zip    (with NOORD_SUPERSET_PASSWORD: also make the database and the first user)
"""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import PurePosixPath

from superset.app import create_app

USER = "admin"


def main(bundle: str) -> None:
    with create_app().app_context():
        password = os.environ.get("NOORD_SUPERSET_PASSWORD")
        if password:
            make_database(password)
        import_bundle(bundle)


def make_database(password: str) -> None:
    from flask_migrate import upgrade
    from superset.extensions import appbuilder, db, security_manager

    upgrade()
    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    made = security_manager.add_user(
        USER, "Monitor", "Heerlen-Noord", "admin@localhost", security_manager.find_role("Admin"), password
    )
    if not made:
        raise SystemExit(f"Superset did not make the user {USER}.")
    db.session.commit()


def import_bundle(bundle: str) -> None:
    """Replace what an older bundle brought; the import of single dashboards would leave charts as they were."""
    from flask import g
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.extensions import security_manager

    g.user = security_manager.find_user(USER)
    contents = {}
    with zipfile.ZipFile(bundle) as archive:
        for name in archive.namelist():
            inner = "/".join(PurePosixPath(name).parts[1:])
            contents[inner] = archive.read(name).decode("utf-8")
    contents["metadata.yaml"] = contents["metadata.yaml"].replace("type: Dashboard", "type: assets")
    ImportAssetsCommand(contents).run()
    print(f"imported {len(contents) - 1} files")


if __name__ == "__main__":
    main(sys.argv[1])
