# Patterns and templates: what matches, what is said, what is refused.
syncline_test(unit_rules unit SOURCES rules_pattern_test.cpp rules_pattern_fault_test.cpp
  rules_set_test.cpp rules_template_test.cpp rules_template_fault_test.cpp rules_filter_test.cpp
  LIBRARIES syncline_rules)
