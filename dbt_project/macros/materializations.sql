{#- How a model becomes a table or a view. dbt's own ways build beside the old one, rename both and drop the old one, for
readers who look meanwhile: five statements and four look-ups for each model. Nobody reads the warehouse during a build, and
DuckDB replaces within one transaction: when a model fails, what stood still stands. -#}

{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set made, aside = make_intermediate_relation(target), make_backup_relation(target, 'table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if model['language'] == 'sql' -%}
        {%- do drop_standing() -%}
        {%- call statement('main') -%}
            {{- create_table_as(False, target, compiled_code) -}}
        {%- endcall -%}
    {%- else -%}
        {#- Python writes in a transaction of its own, so that the old one steps aside only when the new one is there. -#}
        {%- do drop_relation_if_exists(load_cached_relation(made)) -%}
        {%- do drop_relation_if_exists(load_cached_relation(aside)) -%}
        {%- call statement('main', language='python') -%}
            {{- create_table_as(False, made, compiled_code, 'python') -}}
        {%- endcall -%}
        {%- do step_aside(aside) -%}
        {%- do adapter.rename_relation(made, target) -%}
    {%- endif -%}
    {%- set ended = end_replacement(target) -%}
    {%- do drop_relation_if_exists(load_cached_relation(aside)) -%}
    {{ return(ended) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set target = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- do drop_standing() -%}
    {%- call statement('main') -%}
        {{- get_create_view_as_sql(target, sql) -}}
    {%- endcall -%}
    {{ return(end_replacement(target)) }}
{% endmaterialization %}

{#- Drop what stands under the model's name, in the transaction in which it is made anew. -#}
{% macro drop_standing() %}
    {%- set standing = load_cached_relation(this) -%}
    {%- if standing is not none -%}
        {%- call statement('drop_standing') -%} drop {{ standing.type }} {{ standing }} {%- endcall -%}
    {% endif %}
{% endmacro %}

{% macro step_aside(aside) %}
    {%- set standing = load_cached_relation(this) -%}
    {%- if standing is not none -%}
        {%- do adapter.rename_relation(standing, aside) -%}
    {%- endif -%}
{% endmacro %}

{% macro end_replacement(target) %}
    {%- do persist_docs(target, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmacro %}
