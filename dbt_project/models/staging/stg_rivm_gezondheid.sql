{{ stage_feed('rivm_gezondheid', has_bounds=true) }}
