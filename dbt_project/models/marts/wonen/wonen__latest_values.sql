{{ config(alias='latest_values') }}
{{ latest_values_mart('wonen') }}
