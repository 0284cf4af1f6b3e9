{{ stage_feed('cbs_jeugdzorg') }}
