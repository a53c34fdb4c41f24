syncline_test(unit_delivery unit SOURCES policy_test.cpp scheduler_test.cpp
  scheduler_property_test.cpp
  LIBRARIES syncline_delivery)
