{{ stage_feed('politie_misdrijven_maand') }}
