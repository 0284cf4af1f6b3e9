{{ stage_feed('politie_overlast') }}
