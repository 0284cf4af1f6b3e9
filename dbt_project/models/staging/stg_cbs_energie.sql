{{ stage_feed('cbs_energie') }}
