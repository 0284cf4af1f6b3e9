{{ stage_feed('cbs_kerncijfers') }}
