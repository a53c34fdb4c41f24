# Patterns: what matches and what is refused. Templates: what is said.
syncline_test(unit_rules unit SOURCES rules_pattern_test.cpp rules_pattern_fault_test.cpp
  rules_set_test.cpp rules_explain_test.cpp rules_data_test.cpp rules_parse_test.cpp
  rules_hostile_test.cpp
  LIBRARIES syncline_rules)
target_compile_definitions(unit_rules PRIVATE SYNCLINE_ROOT="${PROJECT_SOURCE_DIR}")
syncline_test(unit_templates unit SOURCES rules_template_test.cpp rules_template_fault_test.cpp
  rules_template_tag_test.cpp rules_filter_test.cpp
  LIBRARIES syncline_rules)
syncline_test(unit_rules_agreement unit SOURCES rules_agreement_test.cpp rules_naive.cpp
  rules_random.cpp
  LIBRARIES syncline_rules)
# By itself: it counts every allocation of its program.
syncline_test(unit_rules_matcher unit SOURCES rules_matcher_test.cpp LIBRARIES syncline_rules)
# g++ inlines one of the two and takes them for a mismatch.
set_source_files_properties(rules_matcher_test.cpp PROPERTIES COMPILE_OPTIONS
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)
