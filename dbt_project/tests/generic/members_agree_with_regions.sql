{#
    The municipalities of an area set are those that CBS lists in the province of that year (Gebieden in Nederland). Years in
    which the feed has not delivered say nothing.
#}
{% test members_agree_with_regions(model, area_set) %}
    WITH
    listed AS (
        SELECT boundary_year, area_code
        FROM {{ source('raw', 'cbs_gebieden') }}
        WHERE attributes['province_code'] = '{{ area_set }}'
    ),

    members AS (
        SELECT years.boundary_year, members.member_code AS area_code
        FROM (SELECT DISTINCT boundary_year FROM listed) AS years
        INNER JOIN {{ model }} AS members
            ON
                members.area_set = '{{ area_set }}'
                AND years.boundary_year BETWEEN coalesce(members.valid_from_year, 0) AND coalesce(members.valid_to_year, 9999)
    )

    SELECT 'not a member' AS problem, * FROM (SELECT * FROM listed EXCEPT SELECT * FROM members)
    UNION ALL
    SELECT 'not listed by CBS' AS problem, * FROM (SELECT * FROM members EXCEPT SELECT * FROM listed)
{% endtest %}
