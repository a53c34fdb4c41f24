# The commands run in this process on string streams; the program itself by fork and exec.
syncline_test(component_cli component
  SOURCES cli_arguments_test.cpp cli_care_test.cpp cli_check_test.cpp cli_explain_test.cpp
    cli_program_test.cpp cli_orders_test.cpp cli_reads_test.cpp cli_replay_test.cpp
    cli_send_test.cpp cli_terminal_test.cpp cli_test_test.cpp
  LIBRARIES syncline_cli)
target_compile_definitions(component_cli PRIVATE
  SYNCLINE_PLUGIN_FOLDER="${CMAKE_BINARY_DIR}/plugins"
  SYNCLINE_PROGRAM="${CMAKE_BINARY_DIR}/syncline")
add_dependencies(component_cli syncline plugin_attio plugin_http)
