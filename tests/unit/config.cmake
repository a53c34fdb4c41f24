# The configuration: reading, checking, messages.
syncline_test(unit_config unit
  SOURCES config_fixture.cpp config_load_test.cpp config_message_test.cpp config_rule_test.cpp
    config_secret_test.cpp config_value_test.cpp config_warning_test.cpp config_yaml_test.cpp
  LIBRARIES syncline_config)
