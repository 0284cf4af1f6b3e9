{{ stage_feed('cbs_arbeidsdeelname') }}
