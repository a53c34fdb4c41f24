syncline_test(component_standins component SOURCES standins_test.cpp standins_admin_test.cpp
  LIBRARIES syncline_standins)
