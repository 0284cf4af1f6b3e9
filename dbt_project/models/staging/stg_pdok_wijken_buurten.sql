{{ stage_feed('pdok_wijken_buurten') }}
