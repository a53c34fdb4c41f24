syncline_test(component_runtime component SOURCES dispatcher_test.cpp dispatcher_orders_test.cpp hub_orders_test.cpp
  dedupe_property_test.cpp router_test.cpp store_thread_test.cpp
  template_link_test.cpp
  LIBRARIES syncline_runtime syncline_asio)
