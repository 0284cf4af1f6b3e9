{#
    Upper tail of the standard normal distribution for z >= 0; relative error below 1e-12 up to z = 30. NULL for z < 0.

    Source: W.J. Cody (1969), Rational Chebyshev approximations for the error function, Mathematics of Computation 23,
    631-637, with x = z / sqrt(2): tail = erfc(x) / 2. Up to x = 0.46875 erf(x) = x × P(x²) / Q(x²); up to 4
    erfc(x) = exp(-x²) × P(x) / Q(x); beyond, erfc(x) = exp(-x²) / x × (1 / sqrt(pi) - P(1/x²) / (x² × Q(1/x²))).
    DuckDB has no error function. `z` is repeated many times: pass a column.
#}
{% macro normal_tail(z) %}{{ half_erfc("(" ~ z ~ " / sqrt(2.0))", "(" ~ z ~ " * " ~ z ~ " / 2.0)") }}{% endmacro %}

{# erfc(x) / 2, from x and its square. #}
{% macro half_erfc(x, x2) %}
    CASE
        WHEN {{ x }} < 0 THEN NULL
        WHEN {{ x }} <= 0.46875
            THEN
                0.5 - {{ x }} / 2 * {{ polynomial(x2, [
                    "1.85777706184603153e-1", "3.16112374387056560e0", "1.13864154151050156e2", "3.77485237685302021e2",
                    "3.20937758913846947e3"
                ]) }} / {{ polynomial(x2, [
                    "1.0e0", "2.36012909523441209e1", "2.44024637934444173e2", "1.28261652607737228e3", "2.84423683343917062e3"
                ]) }}
        WHEN {{ x }} <= 4
            THEN
                exp(-{{ x2 }}) / 2 * {{ polynomial(x, [
                    "2.15311535474403846e-8", "5.64188496988670089e-1", "8.88314979438837594e0", "6.61191906371416295e1",
                    "2.98635138197400131e2", "8.81952221241769090e2", "1.71204761263407058e3", "2.05107837782607147e3",
                    "1.23033935479799725e3"
                ]) }} / {{ polynomial(x, [
                    "1.0e0", "1.57449261107098347e1", "1.17693950891312499e2", "5.37181101862009858e2",
                    "1.62138957456669019e3", "3.29079923573345963e3", "4.36261909014324716e3", "3.43936767414372164e3",
                    "1.23033935480374942e3"
                ]) }}
        ELSE
            exp(-{{ x2 }}) / {{ x }} / 2 * (
                1 / sqrt(pi()) - 1 / {{ x2 }} * {{ polynomial("(1 / " ~ x2 ~ ")", [
                    "1.63153871373020978e-2", "3.05326634961232344e-1", "3.60344899949804439e-1", "1.25781726111229246e-1",
                    "1.60837851487422766e-2", "6.58749161529837803e-4"
                ]) }} / {{ polynomial("(1 / " ~ x2 ~ ")", [
                    "1.0e0", "2.56852019228982242e0", "1.87295284992346725e0", "5.27905102951428412e-1",
                    "6.05183413124413191e-2", "2.33520497626869185e-3"
                ]) }}
            )
    END
{% endmacro %}

{# Horner's scheme; coefficients from the highest power down, written with an exponent so that they are read as DOUBLE. #}
{% macro polynomial(x, coefficients) -%}
    {{ "(" * (coefficients | length - 1) }}{{ coefficients[0] }}
    {%- for coefficient in coefficients[1:] %} * {{ x }} + {{ coefficient }}){% endfor %}
{%- endmacro %}
