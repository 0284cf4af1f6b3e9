{{ stage_feed('cbs_uitkeringen') }}
