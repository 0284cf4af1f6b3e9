{{ stage_feed('leefbaarometer') }}
