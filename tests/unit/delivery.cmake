syncline_test(unit_delivery unit SOURCES policy_test.cpp scheduler_test.cpp
  LIBRARIES syncline_delivery)
