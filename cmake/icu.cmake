# uflush_icu: the ICU that maps site names (core/site_name.cpp) and folds case (core/case_fold.cpp).
#
# Linked statically where the archives are there. Measured from fork to exit of an empty main(), median of 300:
# no ICU 0.73 ms, static 0.86 ms, dynamic 1.58 ms; the difference is relocations, not calls. Loading it later is
# no way out: after chroot there is nothing to load it from. The price is 31 MB of data in the program file, of
# which only the pages that are looked at ever reach memory.
find_package(ICU 60 REQUIRED COMPONENTS uc data)

find_library(UFLUSH_ICU_UC_ARCHIVE libicuuc.a)
find_library(UFLUSH_ICU_DATA_ARCHIVE libicudata.a)
mark_as_advanced(UFLUSH_ICU_UC_ARCHIVE UFLUSH_ICU_DATA_ARCHIVE)

add_library(uflush_icu INTERFACE)
if(UFLUSH_ICU_UC_ARCHIVE AND UFLUSH_ICU_DATA_ARCHIVE)
  target_include_directories(uflush_icu SYSTEM INTERFACE ${ICU_INCLUDE_DIRS})
  target_link_libraries(uflush_icu INTERFACE
    ${UFLUSH_ICU_UC_ARCHIVE} ${UFLUSH_ICU_DATA_ARCHIVE} ${CMAKE_DL_LIBS} Threads::Threads)
else()
  message(STATUS "No static ICU: linking it dynamically, start-up takes 0.7 ms longer")
  target_link_libraries(uflush_icu INTERFACE ICU::uc ICU::data)
endif()
