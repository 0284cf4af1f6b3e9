{#
    One exact limit of a whole count of events from 0 to 9: half a quantile of the chi-square distribution,
    chi2(a/2; 2x) / 2 below and chi2(1 - a/2; 2x + 2) / 2 above. NULL for any other count.

    Source: F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936), 437-442; asked for below ten
    events by Public Health England, Technical Guide: Confidence intervals (2018).

    DuckDB has no chi-square quantile and there are only forty numbers, so they stand here, computed with
    scipy.stats.chi2 (ppf(a/2, 2x) / 2 and isf(a/2, 2x + 2) / 2, a = 0.05 and 0.002) and written with 17 digits;
    tests/unit/dbt_project computes them again.
#}
{% macro exact_count_limit(count, level, side) -%}
    {%- set limits = {
        '95': {
            'lower': [
                '0e0', '0.025317807984289876e0', '0.24220927854396496e0', '0.6186721228956014e0', '1.0898653736263249e0',
                '1.6234863901184207e0', '2.2018942534908508e0', '2.8143630515198654e0', '3.4538321767485014e0', '4.115373097378334e0'
            ],
            'upper': [
                '3.6888794541139363e0', '5.571643390938898e0', '7.224687667723961e0', '8.767273069742325e0', '10.241588675403696e0',
                '11.66833207932267e0', '13.059474022518685e0', '14.422675361702382e0', '15.763189220193311e0', '17.08480345141917e0'
            ]
        },
        '998': {
            'lower': [
                '0e0', '0.001000500333583534e0', '0.045402017769489544e0', '0.1905333775684032e0', '0.428552413628423e0',
                '0.7393717319178323e0', '1.1071046602556394e0', '1.5203362603988093e0', '1.9708139217403657e0', '2.452424404363775e0'
            ],
            'upper': [
                '6.907755278982137e0', '9.233413476451586e0', '11.228872242412661e0', '13.062240779188071e0', '14.79414922253721e0',
                '16.454745203680105e0', '18.06163684019907e0', '19.62617739538424e0', '21.156198165839985e0', '22.657373309062933e0'
            ]
        }
    } -%}
    CASE
        WHEN {{ count }} BETWEEN 0 AND 9 AND {{ count }} = floor({{ count }})
            THEN ([{{ limits[level][side] | join(', ') }}])[({{ count }})::INTEGER + 1]
    END
{%- endmacro %}
