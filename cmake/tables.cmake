# uflush_tables: the database libraries behind the lookup tables (core/table/), those that Debian's Postfix uses.
#
# Static where the archives are there: each shared library costs 0.05-0.1 ms at every start, used or not.
set(UFLUSH_TABLE_LIBRARIES "")
foreach(name db lmdb cdb pcre2-8)
  string(TOUPPER ${name} upper)
  find_library(UFLUSH_${upper}_LIBRARY NAMES lib${name}.a ${name} REQUIRED)
  mark_as_advanced(UFLUSH_${upper}_LIBRARY)
  list(APPEND UFLUSH_TABLE_LIBRARIES ${UFLUSH_${upper}_LIBRARY})
endforeach()
add_library(uflush_tables INTERFACE)
target_link_libraries(uflush_tables INTERFACE ${UFLUSH_TABLE_LIBRARIES} Threads::Threads)
