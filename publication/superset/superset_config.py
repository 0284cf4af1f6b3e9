"""Settings of the Superset that ``make superset`` starts. Superset finds this file by SUPERSET_CONFIG_PATH.

Belongs here: settings. The secret and the place of its own database come from the process that starts it
(`publication.superset.server`). Does not belong here: anything about the figures.
"""

import os

SECRET_KEY = os.environ["NOORD_SUPERSET_SECRET"]
SQLALCHEMY_DATABASE_URI = f"sqlite:///{os.environ['SUPERSET_HOME']}/superset.db?check_same_thread=false"
# Nothing is kept: the next question after a new release is answered from that release.
CACHE_CONFIG = DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
# State of filters and of charts in the making; in the database, so that there is nothing else to run.
FILTER_STATE_CACHE_CONFIG = EXPLORE_FORM_DATA_CACHE_CONFIG = {
    "CACHE_TYPE": "SupersetMetastoreCache",
    "CACHE_KEY_PREFIX": "noord_",
    "CACHE_DEFAULT_TIMEOUT": 86_400,
}
BABEL_DEFAULT_LOCALE = "nl"
LANGUAGES = {"nl": {"flag": "nl", "name": "Nederlands"}, "en": {"flag": "gb", "name": "English"}}
D3_FORMAT = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["€ ", ""]}
APP_NAME = "Monitor Heerlen-Noord"
# The dashboards hold the project's own short texts as Markdown only.
FEATURE_FLAGS = {"ALERT_REPORTS": False, "ESCAPE_MARKDOWN_HTML": True}
ENABLE_TEMPLATE_PROCESSING = False
# Superset allows its pages to ask four hosts of others; this one asks none.
_SELF = "'self'"
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": [_SELF],
        "default-src": [_SELF],
        "img-src": [_SELF, "blob:", "data:"],
        "worker-src": [_SELF, "blob:"],
        "connect-src": [_SELF],
        "object-src": "'none'",
        "style-src": [_SELF, "'unsafe-inline'"],
        "script-src": [_SELF, "'strict-dynamic'"],
        "frame-ancestors": [_SELF],
    },
    "content_security_policy_nonce_in": ["script-src"],
    # On this machine only, over plain HTTP; whoever puts it behind a proxy sets both.
    "force_https": False,
    "session_cookie_secure": False,
}
RATELIMIT_STORAGE_URI = "memory://"
WTF_CSRF_ENABLED = True
