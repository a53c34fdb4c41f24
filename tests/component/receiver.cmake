syncline_test(component_receiver component SOURCES http_server_test.cpp http_refusals_test.cpp
  receiver_test.cpp LIBRARIES syncline_receiver)
