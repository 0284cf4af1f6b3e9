{{ stage_feed('duo_leerlingen_woonplaats') }}
