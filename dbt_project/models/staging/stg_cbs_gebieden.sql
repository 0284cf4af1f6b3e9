{{ stage_feed('cbs_gebieden') }}
