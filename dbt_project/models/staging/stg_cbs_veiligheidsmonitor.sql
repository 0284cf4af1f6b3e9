{{ stage_feed('cbs_veiligheidsmonitor', has_bounds=true) }}
