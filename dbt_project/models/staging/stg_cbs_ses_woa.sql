{{ stage_feed('cbs_ses_woa') }}
