{{ stage_feed('duo_schooladviezen') }}
