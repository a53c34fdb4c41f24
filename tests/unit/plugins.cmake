# The connectors as they are built: each plugin's .so is loaded and talked to by script.
set(plugins http attio hubspot meilisearch github notion cloudevents)
set(sources)
set(targets)
foreach(name ${plugins})
  list(APPEND sources plugin_${name}_test.cpp)
  list(APPEND targets plugin_${name})
endforeach()
syncline_test(unit_plugins unit SOURCES sdk_test.cpp plugin_notion_markdown_test.cpp
  ${sources} LIBRARIES ${CMAKE_DL_LIBS})
target_include_directories(unit_plugins PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(unit_plugins PRIVATE
  SYNCLINE_PLUGIN_FOLDER="${CMAKE_BINARY_DIR}/plugins")
add_dependencies(unit_plugins ${targets})
