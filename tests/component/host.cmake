# The host: plugins loaded from real shared objects, attempts driven by script, the HTTP client
# against a hostile server on loopback.
set(host_plugins_dir ${CMAKE_BINARY_DIR}/tests/host_plugins)
set(host_plugins)
foreach(file sample.c wrong_major.c next_major.c no_symbol.c no_table.c short_table.c
        bad_descriptor.c unresolved.c unruly.cpp)
  string(REGEX REPLACE "\\..*" "" name ${file})
  add_library(host_plugin_${name} MODULE ${CMAKE_CURRENT_SOURCE_DIR}/plugins/${file})
  target_include_directories(host_plugin_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  # Own flags: the project's hold some that are not for C.
  set_target_properties(host_plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name}
    LIBRARY_OUTPUT_DIRECTORY ${host_plugins_dir} C_STANDARD 11 C_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    COMPILE_OPTIONS "-Wall;-Wextra")
  list(APPEND host_plugins host_plugin_${name})
endforeach()

syncline_test(component_host component
  SOURCES host_egress_test.cpp host_loader_test.cpp host_messages_test.cpp host_request_test.cpp
    host_rate_headers_test.cpp
    host_driver_test.cpp host_curl_test.cpp host_curl_fault_test.cpp host_resolver.cpp
  LIBRARIES syncline_host syncline_asio ${CMAKE_DL_LIBS})
target_compile_definitions(component_host PRIVATE HOST_TEST_PLUGINS="${host_plugins_dir}"
  HOST_TEST_SDK_PAGE="${PROJECT_SOURCE_DIR}/core/sdk/README.md")
add_dependencies(component_host ${host_plugins})
