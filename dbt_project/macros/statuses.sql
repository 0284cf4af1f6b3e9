{# Words of value_status. Which of them go with a value is said here and nowhere else. #}

{% macro has_value(status) %}{{ status }} IN ('measured', 'provisional', 'estimated'){% endmacro %}
