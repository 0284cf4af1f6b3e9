{{ stage_feed('politie_misdrijven') }}
