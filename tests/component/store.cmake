# The store: one conformance suite over the interface, then what is SQLite's own.
syncline_test(component_store component
  SOURCES store_conformance_test.cpp store_settlement_test.cpp store_query_test.cpp
    store_sqlite_test.cpp store_retention_test.cpp store_care_test.cpp store_processes_test.cpp
    store_files_test.cpp store_faults_test.cpp store_upkeep_faults_test.cpp
    store_power_cut_test.cpp store_recorded_run.cpp ../support/fault_vfs.cpp
    ../support/power_vfs.cpp
  LIBRARIES syncline_store SQLite::SQLite3)
