{{ stage_feed('cbs_opleidingsniveau') }}
