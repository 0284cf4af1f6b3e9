{{ stage_feed('cbs_vsv') }}
